import type { IgnoredCells } from "../areas/ignored-cells.js";
import { UflowError } from "../error.js";
import type { Size } from "../image/area.js";
import { type Energy, Segmenter } from "../kernels/index.js";
import { type Calibration, calibrationVersion } from "./calibration.js";
import { type FittedBackground, fitBackground } from "./fit.js";
import { segmentOn } from "./index.js";
import { meanEnergy } from "./mean-energy.js";
import { defaultTests } from "./operating-point.js";
import { silenced, withoutIgnored } from "./seen.js";

/** Fits for the judgement of the images that they did not see: each image its own up to so many, then one for several. */
const mostFits = 10;

/** How an image of the calibration was looked at. */
export interface CalibrationView {
  /** Size of the maps that its inspection has. */
  map: Size;
  ignored?: IgnoredCells | undefined;
}

/**
 * Calibrates a model on good images that it was not trained on. The background is fitted to all of them; the image-level
 * statistics judge each image by a background that was fitted to others, as a new image is judged by one that did not see
 * it: leaving one image out up to 10 images, a tenth of them beyond. Eleven fits, O(pixels · log pixels) each.
 * @param energies [image][scale], finest first; at least two images
 * @param test what the statistics are of: the side of the maps that inspections will have (the manifest's `mapSize`), and
 * the test where it is not the default
 * @param views per image the size of its maps and what is ignored of them. Default: `mapSize`, nothing
 * @throws UflowError ERR_UFLOW_BAD_DATASET for less than two images, ERR_UFLOW_BAD_TENSOR for energies that cannot be
 * fitted (see `fitScale`).
 */
export function calibrate(
  energies: readonly (readonly Energy[])[],
  test: Pick<Calibration["test"], "mapSize"> & Partial<Calibration["test"]>,
  views: readonly CalibrationView[] = energies.map(() => ({
    map: { width: test.mapSize, height: test.mapSize },
  })),
): Calibration {
  if (energies.length < 2) {
    throw new UflowError(
      "ERR_UFLOW_BAD_DATASET",
      `Expected at least 2 good images to calibrate with but received ${energies.length}: hold out more, or give more`,
    );
  }
  const scales = energies[0]!.length;
  const other = energies.find(({ length }) => length !== scales);
  if (other) {
    throw new UflowError(
      "ERR_UFLOW_BAD_TENSOR",
      `Expected energies of ${scales} scales for all images but received ${other.length}`,
    );
  }
  const { tests, tail, mapSize } = { tests: defaultTests, tail: "exact" as const, ...test };
  const segmenter = new Segmenter();
  const ignored = views.map((view) => view.ignored);
  const { all, parts } = fits(energies, ignored);
  const statistics = judged(energies.length, parts, (image, background) => {
    const options = { ...views[image]!.map, tests, tail };
    const scales = silenced(energies[image]!, ignored[image]);
    const found = segmentOn(background, segmenter, scales, options);
    // The maps are let go.
    const { logNfa, anomalyScore } = withoutIgnored(found, ignored[image], options);
    const meanEnergies = energies[image]!.map((energy, s) => meanEnergy(energy, ignored[image]?.scales[s]));
    return { logNfa, anomalyScore, meanEnergies };
  });
  statistics.sort((a, b) => a.logNfa - b.logNfa);
  return {
    version: calibrationVersion,
    images: energies.length,
    ...all,
    test: { tests, tail, mapSize },
    logNfa: statistics.map(({ logNfa }) => logNfa),
    anomalyScore: statistics.map(({ anomalyScore }) => anomalyScore).sort(ascending),
    meanEnergies: statistics.map(({ meanEnergies }) => meanEnergies),
  };
}

/**
 * The background of all images, and those of all but every `parts.length`-th one, beginning with the part's own number.
 * All have means, or none has: an image is to be judged by the test that is to come.
 */
function fits(
  energies: readonly (readonly Energy[])[],
  ignored: readonly (IgnoredCells | undefined)[],
): { all: FittedBackground; parts: FittedBackground[] } {
  const count = Math.min(energies.length, mostFits);
  const all = fitBackground(energies, ignored);
  const parts = Array.from({ length: count }, (_, part) => {
    const others = (_: unknown, i: number) => i % count !== part;
    return fitBackground(energies.filter(others), ignored.filter(others));
  });
  if ([all, ...parts].every(({ joint }) => joint.mean)) return { all, parts };
  return { all: byPixels(all), parts: parts.map(byPixels) };
}

function byPixels({ scales, joint: { mean: _, ...joint } }: FittedBackground): FittedBackground {
  return { scales, joint };
}

/** Judges every image, by its number, by the background that was fitted to images without it. */
function judged<T>(
  images: number,
  parts: readonly FittedBackground[],
  judge: (image: number, background: FittedBackground) => T,
): T[] {
  return Array.from({ length: images }, (_, image) => judge(image, parts[image % parts.length]!));
}

const ascending = (a: number, b: number) => a - b;
