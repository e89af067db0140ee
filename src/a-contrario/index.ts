/** Phase 4: what could not be chance. From the energies of the latents to the regions that are detected. */

import type { Energy, Map2d, Region } from "../kernels/index.js";
import * as kernels from "../kernels/index.js";

/** How regions are tested and when one is detected. */
export interface OperatingPoint {
  /** Expected number of false alarms per image, > 0: a region is detected when its NFA is below it. */
  epsilon: number;
  /** Probability of a region's energy: the χ² tail itself, or the reference's Chernoff formula. */
  tail: "exact" | "chernoff";
  /** Number of tests: each scale with its own, or one for all scales as in the reference. */
  tests: "per-scale" | "all";
}

export interface Segmentation {
  /** log₁₀ of the number of false alarms at every pixel. */
  logNfaMap: Map2d;
  /** 1 where a region is detected. */
  mask: Uint8Array;
  /** The detected regions in pixels of the map, most significant first. */
  regions: Region[];
  /** The smallest log₁₀ NFA of the map: of the most significant region, or of the best candidate. */
  logNfa: number;
}

/**
 * Segments one image. Paper section 4; docs/maths.md, "The a contrario segmentation".
 *
 * @param energies one per scale, finest first
 * @param anomalyMap of the same side, for the regions' peaks
 */
export function segment(energies: readonly Energy[], anomalyMap: Map2d, point: OperatingPoint): Segmentation {
  const { width, height } = anomalyMap;
  const logNfaMap = kernels.nfaTreeMap([...energies], {
    width,
    height,
    tail: point.tail,
    tests: point.tests,
  });
  const logEpsilon = Math.log10(point.epsilon);
  const mask = new Uint8Array(logNfaMap.data.length);
  let logNfa = Number.POSITIVE_INFINITY;
  logNfaMap.data.forEach((value, i) => {
    if (value < logEpsilon) mask[i] = 1;
    if (value < logNfa) logNfa = value;
  });
  const regions = kernels.regions(logNfaMap, { logEpsilon, score: anomalyMap });
  return { logNfaMap, mask, regions, logNfa };
}

/** A region of a map in the pixels of the image that the map covers. Area is rounded to whole pixels, at least 1. */
export function scaleRegion(region: Region, map: Map2d, image: { width: number; height: number }): Region {
  const sx = image.width / map.width;
  const sy = image.height / map.height;
  const { box, centroid, peak, contour, holes } = region;
  const scalePolygon = (polygon: Region["contour"]): Region["contour"] =>
    polygon.map(([x, y]) => [x * sx, y * sy]);
  return {
    logNfa: region.logNfa,
    area: Math.max(1, Math.round(region.area * sx * sy)),
    box: scaleBox(box, sx, sy, image),
    centroid: centre(centroid, sx, sy),
    peak: { ...centre(peak, sx, sy), score: peak.score },
    contour: scalePolygon(contour),
    holes: holes.map(scalePolygon),
  };
}

/** The smallest box of whole pixels around the scaled box. */
function scaleBox(
  { x, y, width, height }: Region["box"],
  sx: number,
  sy: number,
  image: { width: number; height: number },
) {
  const left = Math.floor(x * sx);
  const top = Math.floor(y * sy);
  const right = Math.min(image.width, Math.ceil((x + width) * sx));
  const bottom = Math.min(image.height, Math.ceil((y + height) * sy));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Pixel positions are centres: the centre of pixel x lies at x + ½ of the map's width. */
function centre({ x, y }: { x: number; y: number }, sx: number, sy: number) {
  return { x: (x + 0.5) * sx - 0.5, y: (y + 0.5) * sy - 0.5 };
}
