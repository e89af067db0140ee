/**
 * A pixel belongs to a defect where it changes the picture by more than this many 8-bit levels in some channel.
 * That is several times what the sensor's noise leaves after averaging a 3 × 3 neighbourhood: a person sees it.
 */
export const visibleLevels = 6;

/**
 * The pixels that a defect visibly changes: the two noise-free pictures (levels 0 … 255, channels interleaved)
 * differ by more than `visibleLevels`, averaged over 3 × 3 pixels.
 */
export function visibleDifference(good: Float32Array, bad: Float32Array, side: number): Uint8Array {
  const difference = new Float32Array(side * side);
  for (let k = 0; k < difference.length; k++) {
    const red = Math.abs(bad[3 * k]! - good[3 * k]!);
    const green = Math.abs(bad[3 * k + 1]! - good[3 * k + 1]!);
    const blue = Math.abs(bad[3 * k + 2]! - good[3 * k + 2]!);
    difference[k] = Math.max(red, green, blue);
  }
  const mask = new Uint8Array(side * side);
  for (let k = 0; k < mask.length; k++) mask[k] = meanAround(difference, side, k) > visibleLevels ? 1 : 0;
  return mask;
}

function meanAround(values: Float32Array, side: number, k: number): number {
  const row = Math.floor(k / side);
  const column = k - row * side;
  const above = row > 0 ? k - side : k;
  const below = row < side - 1 ? k + side : k;
  const left = column > 0 ? -1 : 0;
  const right = column < side - 1 ? 1 : 0;
  return (threeFrom(above) + threeFrom(k) + threeFrom(below)) / 9;

  function threeFrom(at: number): number {
    return values[at + left]! + values[at]! + values[at + right]!;
  }
}
