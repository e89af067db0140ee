/** Linear light, red, green and blue, 0 … 1. */
export type Colour = readonly [red: number, green: number, blue: number];

/** The linear colour of an sRGB code such as 0xd9c7a8. */
export function fromSrgb(code: number): Colour {
  return [linear((code >> 16) & 255), linear((code >> 8) & 255), linear(code & 255)];
}

/** An 8-bit sRGB level → linear light (IEC 61966-2-1). */
function linear(level: number): number {
  const x = level / 255;
  return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
}

/** Linear light 0 … 1 → sRGB, 0 … 1. */
export function toSrgb(light: number): number {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
}

/** `share` of the second colour, the rest of the first. */
export function mixed(first: Colour, second: Colour, share: number): Colour {
  const mix = (i: 0 | 1 | 2) => first[i] + share * (second[i] - first[i]);
  return [mix(0), mix(1), mix(2)];
}
