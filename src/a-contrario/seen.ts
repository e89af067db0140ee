/** What is ignored has the energy 0, and is found nowhere. docs/maths.md, "Ignored areas". */
import type { IgnoredCells } from "../areas/ignored-cells.js";
import { type Energy, regions, type Segmentation, type SegmentOptions } from "../kernels/index.js";

/** The maps of one image, one per scale, with 0 where they are to be ignored; the same maps where nothing is. */
export function silenced(maps: readonly Energy[], ignored: IgnoredCells | undefined): readonly Energy[] {
  if (!ignored) return maps;
  return maps.map((map, scale) => {
    const cells = ignored.scales[scale]!;
    return { ...map, data: map.data.map((value, i) => (cells[i] ? 0 : value)) };
  });
}

/**
 * What was found in maps that were silenced, without what upsampling has spread into the ignored pixels of the map: there
 * the anomaly is 0 and log NFA that of the calmest pixel. The maps are changed in place.
 */
export function withoutIgnored(
  found: Segmentation,
  ignored: IgnoredCells | undefined,
  options: SegmentOptions,
): Segmentation {
  if (!ignored) return found;
  const { anomalyMap, logNfaMap, mask } = found;
  const { logEpsilon = 0 } = options;
  const calm = logNfaMap.data.reduce((most, value) => Math.max(most, value), Math.ceil(logEpsilon));
  let [logNfa, anomalyScore] = [calm, 0];
  for (let i = 0; i < mask.length; i++) {
    if (ignored.map[i]) {
      anomalyMap.data[i] = 0;
      logNfaMap.data[i] = calm;
      mask[i] = 0;
    } else {
      logNfa = Math.min(logNfa, logNfaMap.data[i]!);
      anomalyScore = Math.max(anomalyScore, anomalyMap.data[i]!);
    }
  }
  const left = found.regions.length === 0 ? [] : regions(logNfaMap, { logEpsilon, score: anomalyMap });
  return { anomalyMap, anomalyScore, logNfaMap, logNfa, mask, regions: left };
}
