/** 2^(exponent − 15). Looking them up is several times faster than raising to a power; files hold millions. */
const powers = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (exponent - 15));

/** The smallest positive half. */
const smallest = 2 ** -24;

/** IEEE 754 binary16 to a number. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * smallest;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * powers[exponent]!;
}
