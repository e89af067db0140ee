import type { Energy } from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";

/** Energies of images without defects, [image][scale]: `factor` times sums of so many squares of normal numbers. */
export function goodEnergies(images: number, { seed = 1, factor = 1 } = {}): Energy[][] {
  const random = new Random(seed);
  const map = (side: number, channels: number): Energy => {
    const square = () => factor * random.normal() ** 2;
    const pixel = () => Array.from({ length: channels }, square).reduce((a, b) => a + b);
    return { data: Float32Array.from({ length: side * side }, pixel), channels, height: side, width: side };
  };
  return Array.from({ length: images }, () => [map(16, 6), map(8, 10)]);
}
