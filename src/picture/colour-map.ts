/**
 * Colours for numbers: matplotlib's "inferno" (Nathaniel Smith, Stéfan van der Walt; CC0), from black over purple and
 * orange to pale yellow. It is perceptually uniform: equal steps of the number look like equal steps, also in grey
 * print and to the colour-blind. Nine of its colours, an eighth apart, linearly interpolated in sRGB.
 */
const inferno = [
  [0x00, 0x00, 0x04],
  [0x21, 0x0c, 0x4a],
  [0x56, 0x10, 0x6e],
  [0x89, 0x22, 0x6a],
  [0xbb, 0x37, 0x54],
  [0xe3, 0x59, 0x32],
  [0xf9, 0x8c, 0x0a],
  [0xf9, 0xc9, 0x32],
  [0xfc, 0xff, 0xa4],
] as const;

/** The colour of 0 … 1 (beyond: the nearest end), red, green, blue, 0 … 255. */
export function colourOf(value: number): [red: number, green: number, blue: number] {
  const place = Math.min(1, Math.max(0, value)) * (inferno.length - 1);
  const index = Math.min(Math.floor(place), inferno.length - 2);
  const share = place - index;
  const from = inferno[index]!;
  const to = inferno[index + 1]!;
  const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + share * (to[channel] - from[channel]));
  return [mix(0), mix(1), mix(2)];
}
