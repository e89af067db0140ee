import { UflowError } from "../error.js";
import { type Energy, Segmenter } from "../kernels/index.js";
import { type Calibration, calibrationVersion } from "./calibration.js";
import { fitMoments } from "./fit.js";
import { onBackground } from "./index.js";
import { combine, momentsOf } from "./moments.js";
import { defaultTest } from "./operating-point.js";

/**
 * Calibrates a model on good images that it was not trained on. The background is fitted to all of them; the image-level
 * statistics judge each image by a background that was fitted to the others, as a new image is judged by one that did not
 * see it. One segmentation per image: some milliseconds each.
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
  const { tests, tail, mapSize } = { ...defaultTest, ...test };
  const moments = energies.map((scales) => scales.map(momentsOf));
  const total = moments.reduce((a, b) => a.map((scale, s) => combine(scale, b[s]!)));
  const segmenter = new Segmenter();
  const options = { width: mapSize, height: mapSize, tests, tail };
  const statistics = energies.map((scales, i) => {
    const others = total.map((scale, s) => fitMoments(combine(scale, moments[i]![s]!, -1)));
    // The maps are let go.
    const { logNfa, anomalyScore } = segmenter.segment(onBackground(scales, others), options);
    return { logNfa, anomalyScore };
  });
  return {
    version: calibrationVersion,
    images: energies.length,
    scales: total.map(fitMoments),
    test: { tests, tail, mapSize },
    logNfa: statistics.map(({ logNfa }) => logNfa).sort(ascending),
    anomalyScore: statistics.map(({ anomalyScore }) => anomalyScore).sort(ascending),
  };
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
