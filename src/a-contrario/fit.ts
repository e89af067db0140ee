import type { IgnoredCells } from "../areas/ignored-cells.js";
import { UflowError } from "../error.js";
import { type Background, type Energy, jointEnergy, logChi2Survival } from "../kernels/index.js";

/** The part of the pixels, those of the highest energies, that the tail is fitted to. */
const tail = 0.05;

/** Side of the blocks whose means tell the correlation area: a pixel of the third scale in pixels of the first. */
const blockSide = 4;

/** Of so many means the tail has ten: less tells nothing of a law. */
const fewestMeans = 10 / tail;

/** The background of an energy, as `calibrate` finds it: of each scale, and of the joint energy on these scales. */
export interface FittedBackground {
  scales: Background[];
  joint: Background & { soft?: boolean | undefined; mean?: JointMean | undefined };
}

/** The same of the means of the joint energy over squares of this side. */
type JointMean = Background & { side: number };

/**
 * Fits the background of the a contrario test to good images that the model was not trained on. docs/maths.md,
 * "Calibration".
 * @param energies [image][scale], finest first, as they came; two images or more tell something
 * @param ignored per image; what is ignored is left out, since the zeros that are tested there are none of the energies' law
 * @throws UflowError ERR_UFLOW_BAD_TENSOR as `fitScale` does.
 */
export function fitBackground(
  energies: readonly (readonly Energy[])[],
  ignored: readonly (IgnoredCells | undefined)[] = [],
): FittedBackground {
  const scales = (energies[0] ?? []).map((_, s) =>
    fitScale(
      energies.map((image) => image[s]!),
      ignored.map((cells) => cells?.scales[s]),
    ),
  );
  const placed = energies.map((image) => onScales(image, scales));
  const left = ignored.map((cells) => cells?.joint);
  const pixels = placed.map((image) => jointEnergy(image, { soft: true }));
  return { scales, joint: { soft: true, ...fitScale(pixels, left), mean: fitMeans(placed, left) } };
}

/** Of the means of the joint energy; undefined where there is nothing to average, or ignored areas leave too few squares. */
function fitMeans(
  placed: readonly (readonly Energy[])[],
  left: readonly (Uint8Array | undefined)[],
): JointMean | undefined {
  const side = meanSide(placed[0] ?? []);
  if (side === 1) return undefined;
  const means = placed.map((image) => jointEnergy(image, { side, soft: true }));
  const reached = means.map((map, i) => left[i] && reaching(left[i], map, side >> 1));
  const seen = means.map(({ data }, i) => reached[i]?.filter((cell) => cell === 0).length ?? data.length);
  if (seen.reduce((sum, count) => sum + count, 0) < fewestMeans) return undefined;
  return { side, ...fitScale(means, reached) };
}

/** A pixel of the coarsest scale, made odd: less is grain, more would blur outlines. docs/results.md. */
function meanSide(energies: readonly Energy[]): number {
  const widths = energies.map(({ width }) => width);
  return 2 * Math.floor(Math.max(...widths) / Math.min(...widths) / 2) + 1;
}

/** Where a square of so many pixels to each side has one that is ignored. */
function reaching(cells: Uint8Array, { width, height }: Energy, radius: number): Uint8Array {
  const data = Float32Array.from(cells);
  const touched = jointEnergy([{ data, channels: 2, width, height }], { side: 2 * radius + 1 });
  return Uint8Array.from(touched.data, (value) => (value > 0 ? 1 : 0));
}

/** The energies of one image on the backgrounds of their scales. */
export function onScales(energies: readonly Energy[], scales: readonly Background[]): Energy[] {
  return energies.map((energy, s) => ({ ...energy, ...scales[s] }));
}

/**
 * Fits one scale (or the joint energy) over all images: E/scale ~ χ²_dof in the upper tail, whose quantile and mean excess
 * are those of the pixels, since the tail is what is tested and real tails are heavier than the moments say; and the area,
 * by which means of blocks vary more than those of independent pixels. O(n log n) for n pixels of all images.
 * @param energies one map per image
 * @param ignored per map, 1 at the pixels that are left out
 * @throws UflowError ERR_UFLOW_BAD_TENSOR where there is nothing to fit: no map, values that are negative or not finite, or a
 * tail that is constant.
 */
export function fitScale(
  energies: readonly Energy[],
  ignored: readonly (Uint8Array | undefined)[] = [],
): Background {
  check(energies);
  const seen = energies.map(({ data }, i) => {
    const cells = ignored[i];
    return cells ? data.filter((_, pixel) => cells[pixel] === 0) : data;
  });
  const values = new Float64Array(seen.reduce((sum, { length }) => sum + length, 0));
  if (values.length === 0) throw nothingToFit("maps of which all is ignored");
  let at = 0;
  for (const pixels of seen) {
    values.set(pixels, at);
    at += pixels.length;
  }
  const area = correlationArea(energies, ignored, values);
  return { ...fitTail(values.sort()), area };
}

function check(energies: readonly Energy[]): void {
  if (energies.length === 0) throw nothingToFit("no map");
  for (const { data, width, height } of energies) {
    if (data.length !== width * height) throw nothingToFit(`${data.length} values for ${width} × ${height}`);
    const wrong = data.find((value) => !(value >= 0 && value < Number.POSITIVE_INFINITY));
    if (wrong !== undefined) throw nothingToFit(`the energy ${wrong}`);
  }
}

/** @param sorted smallest first */
function fitTail(sorted: Float64Array): Pick<Background, "scale" | "dof"> {
  const start = Math.min(Math.floor((1 - tail) * sorted.length), sorted.length - 1);
  const quantile = sorted[start]!;
  const beyond = sorted.subarray(start);
  const excess = beyond.reduce((sum, value) => sum + (value - quantile), 0) / beyond.length;
  // Below this the excess is made of rounding errors.
  if (!(excess > 1e-9 * quantile)) throw nothingToFit(`energies whose upper tail is all ${quantile}`);
  // The mean excess in quantiles falls with the degrees of freedom.
  const dof = Math.exp(
    bisect(Math.log(0.1), Math.log(1e4), (logDof) => relativeExcess(Math.exp(logDof)) > excess / quantile),
  );
  const scale = quantile / upperQuantile(dof);
  if (!(scale >= 1e-30 && scale <= 1e30)) throw nothingToFit(`energies of ${quantile.toPrecision(3)}`);
  return { scale, dof };
}

/** x with P(χ²_dof ≥ x) = tail. */
function upperQuantile(dof: number): number {
  const log = Math.log10(tail);
  return bisect(0, 20 + 2 * dof, (x) => logChi2Survival(x, dof) > log);
}

/** E(χ² − q | χ² ≥ q)/q at the quantile q of the tail, by E(χ²; χ² ≥ q) = dof·P(χ²_{dof + 2} ≥ q). */
function relativeExcess(dof: number): number {
  const q = upperQuantile(dof);
  return (dof * 10 ** logChi2Survival(q, dof + 2)) / (tail * q) - 1;
}

/** Where a condition ends that holds from `low` on. */
function bisect(low: number, high: number, holds: (x: number) => boolean): number {
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Variance of the means of blocks, times their pixels, over the variance of the pixels; 1 … the pixels of a block. */
function correlationArea(
  energies: readonly Energy[],
  ignored: readonly (Uint8Array | undefined)[],
  values: Float64Array,
): number {
  const side = energies.reduce((least, { width, height }) => Math.min(least, width, height), blockSide);
  const means = energies.flatMap((energy, i) => blockMeans(energy, side, ignored[i]));
  // Where ignored areas leave no blocks, nothing says that pixels are independent.
  if (means.length < 2) return side * side;
  const ratio = (side * side * variance(means)) / variance(values);
  return Math.min(Math.max(ratio, 1), side * side) || 1;
}

/** Of the blocks without anything that is ignored. */
function blockMeans({ data, width, height }: Energy, side: number, ignored?: Uint8Array): number[] {
  const means: number[] = [];
  for (let y = 0; y + side <= height; y += side) {
    for (let x = 0; x + side <= width; x += side) {
      const start = y * width + x;
      if (!(ignored && blockSum(ignored, start, width, side) > 0)) {
        means.push(blockSum(data, start, width, side) / side ** 2);
      }
    }
  }
  return means;
}

function blockSum(values: ArrayLike<number>, start: number, width: number, side: number): number {
  let sum = 0;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) sum += values[start + row * width + column]!;
  }
  return sum;
}

function variance(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return squares / values.length;
}

function nothingToFit(received: string): UflowError {
  const message = `Expected energies of good images, maps that are not constant, but received ${received}`;
  return new UflowError("ERR_UFLOW_BAD_TENSOR", message);
}
