/** Phase 4: what could not be chance. From the energies of the latents to the regions that are detected. */

import type { Energy, Map2d, Region, Segmentation, Segmenter, SegmentOptions } from "../kernels/index.js";
import { type FittedBackground, onScales } from "./fit.js";
import type { OperatingPoint } from "./operating-point.js";

/** The operating point as the kernels want it, for maps of this side. */
export function segmentOptions(
  { logEpsilon, tail, tests }: Pick<OperatingPoint, "logEpsilon" | "tail" | "tests">,
  side: number,
): SegmentOptions {
  return { width: side, height: side, logEpsilon, tail, tests };
}

/** What the segmenter finds in the joint energy on a background that was fitted. */
export function segmentOn(
  { scales, joint }: FittedBackground,
  segmenter: Segmenter,
  energies: readonly Energy[],
  options: SegmentOptions,
): Segmentation {
  return segmenter.segment(onScales(energies, scales), { ...options, joint });
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
