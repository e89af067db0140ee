import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { checkPairs, countSet, notANumber } from "./maps.js";
import { regionAreas } from "./region-areas.js";

/**
 * All pixels of all images in the order of their scores: what the pixel metrics are read from. Scores are kept as keys,
 * whole numbers of 32 bits that order like the float32 scores and are equal where those are.
 */
export interface PixelRanking {
  /** Keys of the pixels outside of all defects, ascending. */
  normal: Uint32Array;
  /** Keys of the pixels in defects, ascending. */
  anomalous: Uint32Array;
  /** For each pixel in `anomalous`: 1 / area of its region, so that every region weighs 1. */
  weights: Float64Array;
  /** Number of 8-connected defect regions over all images. */
  regions: number;
}

/**
 * Sorts the pixels of all images once. O(n log n); about 5 bytes per pixel beside maps and masks.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, or maps and masks that do not go together.
 */
export function rankPixels(scores: readonly Map2d[], masks: readonly Mask[]): PixelRanking {
  checkPairs(scores, masks);
  const { normal, anomalous, areas, regions } = collect(scores, masks);
  return { normal: normal.sort(), ...sortWithWeights(anomalous, areas), regions };
}

/** The keys of normal and of anomalous pixels, and for each anomalous one the area of its region; in reading order. */
function collect(scores: readonly Map2d[], masks: readonly Mask[]) {
  const inDefects = masks.reduce((sum, { data }) => sum + countSet(data), 0);
  const total = masks.reduce((sum, { data }) => sum + data.length, 0);
  const normal = new Uint32Array(total - inDefects);
  const anomalous = new Uint32Array(inDefects);
  const areas = new Uint32Array(inDefects);
  let [regions, n, a] = [0, 0, 0];
  masks.forEach((mask, image) => {
    const keys = orderedKeys(scores[image]!.data, `the scores of image ${image}`);
    const truth = regionAreas(mask);
    regions += truth.regions;
    for (let i = 0; i < keys.length; i++) {
      const area = truth.areas[i]!;
      if (area === 0) normal[n++] = keys[i]!;
      else {
        areas[a] = area;
        anomalous[a++] = keys[i]!;
      }
    }
  });
  return { normal, anomalous, areas, regions };
}

/**
 * Keys that order like the numbers: the bits of a positive float32 do already, those of a negative one do backwards.
 * −0 gets the key of 0.
 */
export function orderedKeys(values: Float32Array, name: string): Uint32Array {
  const keys = new Uint32Array(values.length);
  const floats = new Float32Array(1);
  const bits = new Int32Array(floats.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) throw notANumber(name);
    floats[0] = value + 0;
    keys[i] = bits[0]! < 0 ? ~bits[0]! : bits[0]! | 0x80000000;
  }
  return keys;
}

/**
 * Sorts keys and takes the areas along: key and number of the area are packed into one whole number below 2⁵³, which
 * sorts natively. 2²¹ different areas are more than any memory holds: their regions would have 2⁴¹ pixels.
 */
function sortWithWeights(keys: Uint32Array, areas: Uint32Array) {
  const distinct = [...new Set(areas)];
  const numberOf = new Map(distinct.map((area, i) => [area, i]));
  const packed = new Float64Array(keys.length);
  for (let i = 0; i < keys.length; i++) packed[i] = keys[i]! * 2 ** 21 + numberOf.get(areas[i]!)!;
  packed.sort();
  const anomalous = new Uint32Array(keys.length);
  const weights = new Float64Array(keys.length);
  for (let i = 0; i < packed.length; i++) {
    const key = Math.floor(packed[i]! / 2 ** 21);
    anomalous[i] = key;
    weights[i] = 1 / distinct[packed[i]! - key * 2 ** 21]!;
  }
  return { anomalous, weights };
}
