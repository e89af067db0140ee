import { UflowError } from "../error.js";
import type { Energy } from "../kernels/index.js";
import type { ScaleFit } from "./calibration.js";
import { combine, type Moments, momentsOf } from "./moments.js";

/**
 * Fits E/scale ~ χ²_dof to the energies of one scale on good images, by the moments mean = s·ν and variance = 2s²ν, and
 * the correlation area. docs/maths.md, "Calibration". O(pixels · 144) for all images together.
 * @param energies one map per image, all of the same size
 * @throws UflowError ERR_UFLOW_BAD_TENSOR where there is nothing to fit: no map, maps of several sizes, energies that are
 * negative or not finite, or that are all the same.
 */
export function fitScale(energies: readonly Energy[]): ScaleFit {
  const [first, ...others] = energies;
  if (!first) throw nothingToFit("no map");
  if (others.some(({ width, height }) => width !== first.width || height !== first.height)) {
    throw nothingToFit("maps of several sizes");
  }
  return fitMoments(others.map(momentsOf).reduce((a, b) => combine(a, b), momentsOf(first)));
}

/** The same from sums. @throws UflowError ERR_UFLOW_BAD_TENSOR as `fitScale`. */
export function fitMoments(moments: Moments): ScaleFit {
  const { pixels, sum, square } = moments;
  const mean = sum / pixels;
  const variance = square / pixels - mean * mean;
  // Below this the variance is made of rounding errors.
  if (!(variance > 1e-12 * mean * mean)) throw nothingToFit(`energies that are all ${mean.toPrecision(6)}`);
  const scale = variance / (2 * mean);
  const dof = (2 * mean * mean) / variance;
  if (!(scale >= 1e-30 && scale <= 1e30 && dof >= 0.001 && dof <= 1e9)) {
    throw nothingToFit(`energies of mean ${mean.toPrecision(3)} and variance ${variance.toPrecision(3)}`);
  }
  return { scale, dof, area: correlationArea(moments, mean, variance) };
}

/**
 * Σ of the autocorrelation over offsets: the variance of the mean of n pixels is σ²·area/n. Rings of offsets around the
 * pixel are added outwards while they are correlated on the whole, since further out there is only noise to sum.
 */
function correlationArea({ pairs }: Moments, mean: number, variance: number): number {
  const rings: number[] = [];
  for (const { dx, dy, pairs: count, sum, product } of pairs) {
    const correlation = (product / count - (mean * sum) / count + mean * mean) / variance;
    const ring = Math.max(Math.abs(dx), dy) - 1;
    rings[ring] = (rings[ring] ?? 0) + 2 * correlation;
  }
  const end = rings.findIndex((ring) => !(ring > 0));
  const correlated = end < 0 ? rings : rings.slice(0, end);
  return 1 + correlated.reduce((a, b) => a + b, 0);
}

function nothingToFit(received: string): UflowError {
  const message = `Expected energies of good images, maps of one size that are not constant, but received ${received}`;
  return new UflowError("ERR_UFLOW_BAD_TENSOR", message);
}
