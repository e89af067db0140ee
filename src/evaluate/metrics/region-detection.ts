import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { binomialInterval, type Interval } from "./intervals.js";
import { labelRegions } from "./label-regions.js";
import { checkPair, notANumber } from "./maps.js";

/** One 8-connected region of the ground truth, and what was found of it. Pixels are those of the maps. */
export interface TruthRegion {
  /** Pixels. */
  area: number;
  /** Mean position of its pixels; the centre of the first pixel of the map is at (0, 0). */
  centroid: { x: number; y: number };
  /** Some detected region overlaps it: at least one of its pixels is detected. */
  detected: boolean;
  /** Of it with all detected (4-connected) regions that overlap it, taken together. */
  iou: number;
  /** The smallest log₁₀ NFA on it: below log₁₀ ε where it is detected. */
  logNfa: number;
}

/** How many regions of the ground truth are detected, of all and by their size. */
export interface RegionDetection {
  regions: number;
  detected: number;
  /** detected / regions; null without regions. */
  rate: number | null;
  /** Smallest regions first; sizes without a region too. */
  bySize: SizeBin[];
}

export interface SizeBin {
  /** Area over the area of the image: from ≤ area < to, in the last bin ≤ to. */
  from: number;
  to: number;
  regions: number;
  detected: number;
  rate: number | null;
  /** Exact 95 % interval of the rate (Clopper and Pearson). */
  interval: Interval | null;
}

/** Ends of the bins: half decades, in which a defect is √10 times as large, about √√10 times as wide. */
const sizes = [0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1];

/**
 * Each region of the ground truth of one image, in reading order. O(pixels).
 *
 * @param logNfa the map of log₁₀ NFA
 * @param detected where it was detected, not 0 in detected regions
 * @param truth not 0 in defects
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, or a map and masks of different sizes.
 */
export function truthRegions(logNfa: Map2d, detected: Mask, truth: Mask): TruthRegion[] {
  checkPair(logNfa, detected);
  checkPair(logNfa, truth);
  const { labels, areas } = labelRegions(truth);
  const found = labelRegions(detected, 4);
  const regions = areas.map((area) => ({
    area,
    x: 0,
    y: 0,
    hits: 0,
    logNfa: Number.POSITIVE_INFINITY,
    overlapping: new Set<number>(),
  }));
  labels.forEach((label, i) => {
    const value = logNfa.data[i]!;
    if (Number.isNaN(value)) throw notANumber("a map of logNfa");
    if (label === 0) return;
    const region = regions[label]!;
    const x = i % truth.width;
    region.x += x;
    region.y += (i - x) / truth.width;
    region.logNfa = Math.min(region.logNfa, value);
    if (found.labels[i] === 0) return;
    region.hits++;
    region.overlapping.add(found.labels[i]!);
  });
  return regions.slice(1).map(({ area, x, y, hits, logNfa: smallest, overlapping }) => {
    const detectedArea = [...overlapping].reduce((sum, label) => sum + found.areas[label]!, 0);
    return {
      area,
      centroid: { x: x / area, y: y / area },
      detected: hits > 0,
      iou: hits / (area + detectedArea - hits),
      logNfa: smallest,
    };
  });
}

/** @param regions each with the number of pixels of its image */
export function regionDetection(
  regions: readonly { area: number; detected: boolean; pixels: number }[],
): RegionDetection {
  const binOf = ({ area, pixels }: { area: number; pixels: number }) =>
    Math.min(
      sizes.findLastIndex((from) => area / pixels >= from),
      sizes.length - 2,
    );
  const bySize = sizes.slice(0, -1).map((from, bin) => ({
    from,
    to: sizes[bin + 1]!,
    ...counted(regions.filter((region) => binOf(region) === bin)),
  }));
  const { interval: _, ...all } = counted(regions);
  return { ...all, bySize };
}

function counted(regions: readonly { detected: boolean }[]) {
  const detected = regions.filter((region) => region.detected).length;
  return {
    regions: regions.length,
    detected,
    rate: regions.length === 0 ? null : detected / regions.length,
    interval: binomialInterval(detected, regions.length),
  };
}
