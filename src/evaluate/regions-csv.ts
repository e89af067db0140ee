import { csv } from "../output/csv.js";
import type { Examined } from "./examined.js";

const columns = ["image", "kind", "region", "x", "y", "area", "share", "detected", "iou", "logNfa"];

/**
 * One line per region of the ground truth, RFC 4180: its number in the image, centroid and area in pixels of the maps,
 * its share of what is looked at of the image, whether a detected region overlaps it, the IoU with those that do, and its
 * smallest log NFA.
 */
export function regionsCsv(examined: readonly Examined[]): string {
  const rows = examined.flatMap(({ path, kind, truthRegions, map }) =>
    (truthRegions ?? []).map(({ area, centroid, detected, iou, logNfa }, i) => {
      const [x, y] = [centroid.x.toFixed(1), centroid.y.toFixed(1)];
      return [path, kind, i + 1, x, y, area, area / (map.width * map.height), detected, iou, logNfa];
    }),
  );
  return csv([columns, ...rows]);
}
