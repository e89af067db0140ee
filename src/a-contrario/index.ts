/** Phase 4: what could not be chance. From the energies of the latents to the regions that are detected. */

import type { Area, Size } from "../image/area.js";
import type { Energy, Map2d, Region, Segmentation, Segmenter, SegmentOptions } from "../kernels/index.js";
import { type FittedBackground, onScales } from "./fit.js";
import type { OperatingPoint } from "./operating-point.js";

/** The operating point as the kernels want it, for maps of this size. */
export function segmentOptions(
  { logEpsilon, tail, tests }: Pick<OperatingPoint, "logEpsilon" | "tail" | "tests">,
  { width, height }: Size,
): SegmentOptions {
  return { width, height, logEpsilon, tail, tests };
}

/** What the segmenter finds where latents are taken for white noise: in the joint energy, or scale by scale. */
export function segmentIdeal(
  segmenter: Segmenter,
  energies: readonly Energy[],
  options: SegmentOptions,
): Segmentation {
  return segmenter.segment(energies, options.tests === "by-size" ? { ...options, joint: {} } : options);
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

/**
 * A region of a map in the pixels of the image. Its size in pixels is rounded to whole ones, at least 1.
 * @param area the part of the image that the map covers; it begins at 0, 0 unless it says otherwise
 */
export function scaleRegion(region: Region, map: Map2d, area: Size & Partial<Area>): Region {
  const { x: left = 0, y: top = 0 } = area;
  const sx = area.width / map.width;
  const sy = area.height / map.height;
  const { box, centroid, peak, contour, holes } = region;
  const scalePolygon = (polygon: Region["contour"]): Region["contour"] =>
    polygon.map(([x, y]) => [left + x * sx, top + y * sy]);
  const scalePoint = ({ x, y }: { x: number; y: number }) => {
    const point = centre({ x, y }, sx, sy);
    return { x: left + point.x, y: top + point.y };
  };
  const scaled = scaleBox(box, sx, sy, area);
  return {
    logNfa: region.logNfa,
    area: Math.max(1, Math.round(region.area * sx * sy)),
    box: { ...scaled, x: left + scaled.x, y: top + scaled.y },
    centroid: scalePoint(centroid),
    peak: { ...scalePoint(peak), score: peak.score },
    contour: scalePolygon(contour),
    holes: holes.map(scalePolygon),
  };
}

/** The smallest box of whole pixels around the scaled box. */
function scaleBox({ x, y, width, height }: Region["box"], sx: number, sy: number, area: Size) {
  const left = Math.floor(x * sx);
  const top = Math.floor(y * sy);
  const right = Math.min(area.width, Math.ceil((x + width) * sx));
  const bottom = Math.min(area.height, Math.ceil((y + height) * sy));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Pixel positions are centres: the centre of pixel x lies at x + ½ of the map's width. */
function centre({ x, y }: { x: number; y: number }, sx: number, sy: number) {
  return { x: (x + 0.5) * sx - 0.5, y: (y + 0.5) * sy - 0.5 };
}
