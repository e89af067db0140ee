import type { RawImage } from "../kernels/index.js";
import { cut, type Size } from "./area.js";
import {
  bad,
  checkShape,
  type ImagePart,
  type Mask,
  type RegionMasks,
  readGrey,
  resized,
  type Saturation,
  scaledArea,
  union,
} from "./mask.js";

/** One region of the ground truth at the size of the maps. */
export interface MaskRegion {
  mask: Mask;
  /** Pixels of the maps that count as all of it, above 0. */
  saturation: number;
}

/** What is defective, and the regions that it is made of. */
export interface RegionTruth {
  truth: Mask;
  regions: MaskRegion[];
  /** Regions of which nothing is left: outside of what is looked at, or too small for the maps. */
  lost: number;
}

/**
 * Reads masks of one region each and resizes them as `readMask` does. Saturations in pixels become those of the same part of
 * what is looked at.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when one cannot be read, has several greys or one without a saturation, has
 * another size than the first, or another shape than the image.
 */
export async function readRegionMasks(
  { regions: paths, saturations }: RegionMasks,
  to: Size,
  part?: ImagePart,
): Promise<RegionTruth> {
  const masks = await Promise.all(paths.map((path) => readRegion(path, saturations)));
  if (part && masks[0]) checkShape(paths[0]!, masks[0].white, part);
  const seen = ({ white }: { white: RawImage }) => (part ? cut(white, scaledArea(part, white)) : white);
  const regions = masks.map((region) => {
    const wanted = seen(region);
    const mask = resized(wanted, to);
    const area = mask.data.reduce((sum, inside) => sum + inside, 0);
    const scale = (to.width * to.height) / (wanted.width * wanted.height);
    const { threshold, relative } = region.saturation;
    return { mask, area, saturation: relative ? threshold * area : Math.min(threshold * scale, area) };
  });
  const all = union(
    masks.map(({ white }) => white),
    paths,
  );
  const left = regions.filter(({ area }) => area > 0);
  return {
    truth: resized(seen({ white: all }), to),
    regions: left.map(({ mask, saturation }) => ({ mask, saturation })),
    lost: regions.length - left.length,
  };
}

async function readRegion(path: string, saturations: readonly Saturation[]) {
  const { data, ...size } = await readGrey(path);
  const greys = [...new Set(data)].filter((value) => value > 0);
  if (greys.length !== 1) {
    throw bad(path, `one region has one grey, and it has ${greys.length === 0 ? "none" : greys.length}`);
  }
  const saturation = saturations.find(({ grey }) => grey === greys[0]);
  if (!saturation) throw bad(path, `nothing says at which area a region of its grey, ${greys[0]}, saturates`);
  return { white: { data: data.map((value) => (value > 0 ? 255 : 0)), ...size }, saturation };
}
