import { UflowError } from "../error.js";
import { type Energy, Segmenter } from "../kernels/index.js";
import { type Calibration, calibrationVersion } from "./calibration.js";
import { type FittedBackground, fitBackground } from "./fit.js";
import { segmentOn } from "./index.js";
import { defaultTests } from "./operating-point.js";

/** Fits for the judgement of the images that they did not see: each image its own up to so many, then one for several. */
const mostFits = 10;

/**
 * Calibrates a model on good images that it was not trained on. The background is fitted to all of them; the image-level
 * statistics judge each image by a background that was fitted to others, as a new image is judged by one that did not see
 * it: leaving one image out up to 10 images, a tenth of them beyond. Eleven fits, O(pixels · log pixels) each.
 * @param energies [image][scale], finest first; at least two images, maps of the same sizes
 * @param test what the statistics are of: the side of the maps that inspections will have (the manifest's `mapSize`), and
 * the test where it is not the default
 * @throws UflowError ERR_UFLOW_BAD_DATASET for less than two images, ERR_UFLOW_BAD_TENSOR for energies that cannot be
 * fitted (see `fitScale`).
 */
export function calibrate(
  energies: readonly (readonly Energy[])[],
  test: Pick<Calibration["test"], "mapSize"> & Partial<Calibration["test"]>,
): Calibration {
  if (energies.length < 2) {
    throw new UflowError(
      "ERR_UFLOW_BAD_DATASET",
      `Expected at least 2 good images to calibrate with but received ${energies.length}: hold out more, or give more`,
    );
  }
  checkSizes(energies);
  const { tests, tail, mapSize } = { tests: defaultTests.calibrated, tail: "exact" as const, ...test };
  const segmenter = new Segmenter();
  const options = { width: mapSize, height: mapSize, tests, tail };
  const statistics = judged(energies, (scales, background) => {
    // The maps are let go.
    const { logNfa, anomalyScore } = segmentOn(background, segmenter, scales, options);
    return { logNfa, anomalyScore };
  });
  return {
    version: calibrationVersion,
    images: energies.length,
    ...fitBackground(energies),
    test: { tests, tail, mapSize },
    logNfa: statistics.map(({ logNfa }) => logNfa).sort(ascending),
    anomalyScore: statistics.map(({ anomalyScore }) => anomalyScore).sort(ascending),
  };
}

/** Judges every image by a background that was fitted to images without it. */
function judged<T>(
  energies: readonly (readonly Energy[])[],
  judge: (image: readonly Energy[], background: FittedBackground) => T,
): T[] {
  const fits = Math.min(energies.length, mostFits);
  return Array.from({ length: fits }).flatMap((_, fit) => {
    const background = fitBackground(energies.filter((_, i) => i % fits !== fit));
    return energies.filter((_, i) => i % fits === fit).map((image) => judge(image, background));
  });
}

const ascending = (a: number, b: number) => a - b;

function checkSizes([first, ...others]: readonly (readonly Energy[])[]): void {
  const sizes = (scales: readonly Energy[]) =>
    scales.map(({ width, height }) => `${width} × ${height}`).join(", ");
  const wanted = sizes(first!);
  const different = others.find((scales) => sizes(scales) !== wanted);
  if (!different) return;
  const message = `Expected energies of the same sizes for all images (${wanted}) but received ${sizes(different)}`;
  throw new UflowError("ERR_UFLOW_BAD_TENSOR", message);
}
