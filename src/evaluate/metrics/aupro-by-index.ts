import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { checkFprLimit, defaultFprLimit } from "./aupro.js";
import { orderedKeys } from "./float-keys.js";
import { labelRegions } from "./label-regions.js";
import { checkPairs } from "./maps.js";
import { mergeTallies, type Tally, TallyRuns, tallySorted } from "./tally.js";

/**
 * AUPRO as published figures of the method have it, to compare with them; `aupro()` is what the literature defines.
 * Each region has an ROC curve against all normal pixels. Before the curves are averaged, each is resampled at equal
 * steps of the number of its point, to as many points as the common ROC curve has up to `limit`; points of different
 * false positive rates are then averaged with one another. docs/maths.md, "Metrics".
 *
 * O(regions × pixels), with all pixels in memory.
 *
 * @param scores one map per image, higher means more anomalous
 * @param masks of the same sizes, not 0 in defects
 * @returns null when there is no region or no normal pixel, or when the curve does not leave a false positive rate of 0.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, maps and masks that do not go together, or a limit outside (0, 1].
 */
export function auproByIndex(
  scores: readonly Map2d[],
  masks: readonly Mask[],
  { limit = defaultFprLimit }: { limit?: number } = {},
): number | null {
  checkFprLimit(limit);
  checkPairs(scores, masks);
  const { normal, regions } = tallyRegions(scores, masks);
  if (!normal || normal.keys.length === 0 || regions.length === 0) return null;
  const together = rocPoints(normal, regions.reduce(mergeTallies));
  const points = together.fpr.filter((rate) => rate <= limit).length;
  const curves = regions.map((region) => resampled(rocPoints(normal, region), limit, points));
  const mean = (axis: "fpr" | "tpr", i: number) =>
    curves.reduce((sum, curve) => sum + curve[axis][i]!, 0) / curves.length;
  let area = 0;
  for (let i = 1; i < points; i++)
    area += ((mean("fpr", i) - mean("fpr", i - 1)) * (mean("tpr", i) + mean("tpr", i - 1))) / 2;
  const end = mean("fpr", points - 1);
  return end > 0 ? area / end : null;
}

/** Points from (0, 0) on, false positive rates ascending. */
interface Roc {
  fpr: number[];
  tpr: number[];
}

function tallyRegions(scores: readonly Map2d[], masks: readonly Mask[]) {
  const normal = new TallyRuns();
  const regions: Tally[] = [];
  masks.forEach((mask, image) => {
    const keys = orderedKeys(scores[image]!.data, `the scores of image ${image}`);
    const { labels, areas } = labelRegions(mask);
    const ofLabel = (label: number) => tallySorted(keys.filter((_, i) => labels[i] === label).sort(), null);
    normal.add(ofLabel(0));
    for (let label = 1; label < areas.length; label++) regions.push(ofLabel(label));
  });
  return { normal: normal.collapse(), regions };
}

/** A point at every distinct score. */
function rocPoints(normal: Tally, region: Tally): Roc {
  const both = mergeTallies(normal, region);
  const area = region.counts.reduce((sum, count) => sum + count, 0);
  const negatives = both.counts.reduce((sum, count) => sum + count, 0) - area;
  const roc: Roc = { fpr: [0], tpr: [0] };
  let [found, hits, j] = [0, 0, region.keys.length - 1];
  for (let i = both.keys.length - 1; i >= 0; i--) {
    found += both.counts[i]!;
    if (j >= 0 && region.keys[j] === both.keys[i]) hits += region.counts[j--]!;
    roc.fpr.push((found - hits) / negatives);
    roc.tpr.push(hits / area);
  }
  return roc;
}

/**
 * The points up to `limit`, read at `points` equal steps of their numbers. Where none lies at the limit, the next point
 * is taken too, and the last step goes only that part of the way to it.
 */
function resampled({ fpr, tpr }: Roc, limit: number, points: number): Roc {
  const upTo = (most: number) => fpr.filter((rate) => rate <= most).length;
  const firstStep = fpr[upTo(0)]!;
  const taken = [...Array(upTo(Math.max(limit, firstStep))).keys()];
  const steps = [...Array(points).keys()];
  const atLimit = Math.abs(fpr[taken.at(-1)!]! - limit) <= 1e-8 + 1e-5 * limit;
  const next = fpr.findIndex((rate) => rate >= limit);
  if (!atLimit) taken.push(next);
  const scale = (points - 1) / taken.at(-1)!;
  const places = taken.map((i) => i * scale);
  if (!atLimit) {
    const part = 1 - (fpr[next]! - limit) / (fpr[next]! - fpr[next - 1]!);
    steps[points - 1] = places.at(-2)! + (places.at(-1)! - places.at(-2)!) * part;
  }
  const read = (values: number[]) =>
    interpolate(
      places,
      taken.map((i) => values[i]!),
      steps,
    );
  return { fpr: read(fpr), tpr: read(tpr) };
}

/** Linear interpolation at places that, like those of the values, ascend; constant beyond them. */
function interpolate(places: readonly number[], values: readonly number[], at: readonly number[]): number[] {
  let i = 0;
  return at.map((place) => {
    while (i < places.length - 1 && places[i + 1]! <= place) i++;
    if (i === places.length - 1) return values[i]!;
    return (
      values[i]! + ((values[i + 1]! - values[i]!) * (place - places[i]!)) / (places[i + 1]! - places[i]!)
    );
  });
}
