import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { defaultFprLimit, proArea } from "./aupro.js";
import { badTensor, checkPair } from "./maps.js";
import { PixelScores } from "./pixel-scores.js";
import type { SaturatingRegion } from "./saturation.js";

/**
 * The area under the saturated per-region overlap curve (Bergmann et al., IJCV 2022): AUPRO in which each region counts as
 * found as a whole from its saturation on. docs/maths.md, "Metrics".
 *
 * @param scores one map per image, higher means more anomalous
 * @param regions those of each image, which may overlap; what is in none is normal
 * @returns 0 … 1, or null when there is no region or no normal pixel.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, maps and regions that do not go together, a region without pixels or
 * with a saturation of 0, or a limit outside (0, 1].
 */
export function auspro(
  scores: readonly Map2d[],
  regions: readonly (readonly SaturatingRegion[])[],
  { limit = defaultFprLimit }: { limit?: number } = {},
): number | null {
  if (scores.length !== regions.length) {
    throw badTensor(
      `Expected a list of regions per map but received ${scores.length} maps and ${regions.length} lists`,
    );
  }
  const all = new PixelScores(Number.POSITIVE_INFINITY);
  scores.forEach((map, i) => {
    const ofImage = regions[i]!;
    all.add(map, inAny(ofImage, map), "", `the scores of image ${i}`, ofImage);
  });
  return proArea(all.saturatedCurve(), limit)?.value ?? null;
}

function inAny(regions: readonly SaturatingRegion[], { width, height }: Map2d): Mask {
  const data = new Uint8Array(width * height);
  for (const { mask } of regions) {
    checkPair({ data, width, height }, mask, "a region");
    mask.data.forEach((inside, i) => {
      if (inside) data[i] = 1;
    });
  }
  return { data, width, height };
}
