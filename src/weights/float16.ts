/**
 * A reader of small floating-point numbers: sign, exponent and fraction as in IEEE 754.
 * @returns the number that the given bits mean, exactly.
 */
function smallFloat(exponentBits: number, fractionBits: number): (bits: number) => number {
  const specials = 2 ** exponentBits - 1;
  const bias = 2 ** (exponentBits - 1) - 1;
  // Looking powers up is several times faster than raising to them; files hold millions of numbers.
  const powers = Float64Array.from({ length: specials }, (_, exponent) => 2 ** (exponent - bias));
  const one = 2 ** fractionBits;
  const smallest = 2 ** (1 - bias - fractionBits);
  const signBit = 2 ** (exponentBits + fractionBits);
  return (bits) => {
    const sign = bits & signBit ? -1 : 1;
    const exponent = (bits >> fractionBits) & specials;
    const fraction = bits & (one - 1);
    if (exponent === 0) return sign * fraction * smallest;
    if (exponent === specials) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (1 + fraction / one) * powers[exponent]!;
  };
}

/** IEEE 754 binary16 to a number. */
export const half = smallFloat(5, 10);

/** bfloat16, the upper half of a float32, to a number. */
export const bfloat = smallFloat(8, 7);
