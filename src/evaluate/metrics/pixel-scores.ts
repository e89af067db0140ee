import type { Mask } from "../../image/mask.js";
import type { Map2d } from "../../kernels/index.js";
import { orderedKeys, scoreOfKey } from "./float-keys.js";
import { labelRegions } from "./label-regions.js";
import { checkPair, checkPairs } from "./maps.js";
import { type RankCurve, rankCurve } from "./rank-curve.js";
import { checkRegion, type SaturatingRegion, tallySaturating } from "./saturation.js";
import { coarsen, type Tally, TallyRuns, tallySorted } from "./tally.js";

/**
 * Bytes that the tallies of `PixelScores` may take: enough for 29 million distinct scores of normal pixels. Merging and
 * the curve take up to as much again for a moment.
 */
export const defaultTallyBytes = 2 ** 28;

/** Key and count of a normal score; of an anomalous one also its weight and, later, its five numbers of the curve. */
const normalBytes = 8;
const anomalousBytes = 56;

/** The pixels of one kind of image. */
interface Group {
  normal: TallyRuns;
  /** Each pixel weighs 1 / area of its region, so that every region weighs 1. */
  anomalous: TallyRuns;
  regions: number;
  /** In regions that saturate: each of them weighs 1 at its saturation, by its highest scores alone. */
  saturating: TallyRuns;
  saturatingRegions: number;
}

/**
 * The scores of all pixels, gathered image by image, in bounded memory: what the pixel metrics are read from. Exact
 * while the distinct scores fit; then neighbouring float32 scores share a bin, 2, 4, 8, … of them, and every metric
 * comes with the bound on what that can have changed. At most 2³² pixels. docs/maths.md, "Metrics".
 */
export class PixelScores {
  private readonly groups = new Map<string, Group>();
  private bits = 0;

  /** @param bytes that the tallies may take, peak use aside */
  constructor(private readonly bytes = defaultTallyBytes) {}

  /** How many of the 32 bits of a float32 score tell scores apart. 32: the metrics are exact. */
  get scoreBits(): number {
    return 32 - this.bits;
  }

  /**
   * Adds one image. O(n log n) for n pixels, amortised.
   * @param scores higher means more anomalous
   * @param mask of the same size, not 0 in defects
   * @param kind by which images can be selected for a curve
   * @param saturating regions for `saturatedCurve`, all of them inside of the mask
   * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, a map and masks that do not go together, or a region without pixels.
   */
  add(
    scores: Map2d,
    mask: Mask,
    kind = "",
    name = "the scores",
    saturating: readonly SaturatingRegion[] = [],
  ): void {
    checkPair(scores, mask);
    for (const region of saturating) checkRegion(region, mask);
    const keys = orderedKeys(scores.data, name);
    const { normal, anomalous, regions } = split(keys, mask);
    const group = this.group(kind);
    group.regions += regions;
    group.normal.add(coarsen(normal, this.bits));
    group.anomalous.add(coarsen(anomalous, this.bits));
    for (const region of saturating) group.saturating.add(coarsen(tallySaturating(keys, region), this.bits));
    group.saturatingRegions += saturating.length;
    this.makeRoom();
  }

  /** What ROC, PR and per-region overlap curves are read from, over the images of these kinds; default: all. */
  curve(kinds: readonly string[] = [...this.groups.keys()]): RankCurve {
    return this.curveOf(this.groupsOf(kinds), "anomalous", "regions");
  }

  /**
   * What saturated per-region overlap is read from: `overlap` and `regions` are those of the regions that saturate, and the
   * anomalous pixels are the highest of each, up to its saturation.
   */
  saturatedCurve(kinds: readonly string[] = [...this.groups.keys()]): RankCurve {
    return this.curveOf(this.groupsOf(kinds), "saturating", "saturatingRegions");
  }

  /**
   * The smallest score that at most `share` of the normal pixels of one kind of image exceed; where scores are binned,
   * the end of its bin. Null without such pixels.
   */
  exceededBy(share: number, kind = ""): number | null {
    const tally = this.groups.get(kind)?.normal.collapse();
    if (!tally || tally.keys.length === 0) return null;
    const total = tally.counts.reduce((sum, count) => sum + count, 0);
    let above = 0;
    let i = tally.keys.length - 1;
    for (; i > 0 && above + tally.counts[i]! <= share * total; i--) above += tally.counts[i]!;
    return scoreOfKey(tally.keys[i]! + 2 ** this.bits - 1);
  }

  private groupsOf(kinds: readonly string[]): Group[] {
    return kinds.flatMap((kind) => this.groups.get(kind) ?? []);
  }

  private curveOf(
    groups: readonly Group[],
    scores: "anomalous" | "saturating",
    regions: "regions" | "saturatingRegions",
  ): RankCurve {
    const anomalous = new TallyRuns();
    for (const group of groups) for (const run of group[scores].all) anomalous.add(run);
    return rankCurve({
      anomalous: anomalous.collapse() ?? tallySorted(new Uint32Array(0), new Float64Array(0)),
      normal: groups.flatMap((group) => group.normal.all),
      regions: groups.reduce((sum, group) => sum + group[regions], 0),
      scoreOf: scoreOfKey,
      binned: this.bits > 0,
    });
  }

  private group(kind: string): Group {
    const known = this.groups.get(kind);
    if (known) return known;
    const tallies = { normal: new TallyRuns(), anomalous: new TallyRuns(), saturating: new TallyRuns() };
    const group = { ...tallies, regions: 0, saturatingRegions: 0 };
    this.groups.set(kind, group);
    return group;
  }

  /** Widens the bins until half of the room is free, so that this happens seldom. */
  private makeRoom(): void {
    if (this.used() <= this.bytes) return;
    // The same score in several runs is one when they are merged.
    for (const runs of this.allRuns()) runs.collapse();
    if (this.used() <= (7 / 8) * this.bytes) return;
    while (this.used() > this.bytes / 2 && this.bits < 31) {
      this.bits++;
      for (const runs of this.allRuns()) runs.coarsen(this.bits);
    }
  }

  private used(): number {
    const groups = [...this.groups.values()];
    const bytes = groups.map(
      ({ normal, anomalous, saturating }) =>
        normalBytes * normal.size + anomalousBytes * (anomalous.size + saturating.size),
    );
    return bytes.reduce((sum, each) => sum + each, 0);
  }

  private allRuns(): TallyRuns[] {
    return [...this.groups.values()].flatMap(({ normal, anomalous, saturating }) => [
      normal,
      anomalous,
      saturating,
    ]);
  }
}

/** The scores of all pixels of all images, each of them told apart. */
export function allPixelScores(scores: readonly Map2d[], masks: readonly Mask[]): PixelScores {
  checkPairs(scores, masks);
  const all = new PixelScores(Number.POSITIVE_INFINITY);
  scores.forEach((map, i) => {
    all.add(map, masks[i]!, "", `the scores of image ${i}`);
  });
  return all;
}

/** Tallies of the pixels outside of all defects and of those in them. */
function split(keys: Uint32Array, mask: Mask) {
  const { labels, areas } = labelRegions(mask);
  const inDefects = areas.reduce((sum, area) => sum + area, 0);
  const normal = new Uint32Array(keys.length - inDefects);
  const anomalous = new Uint32Array(inDefects);
  const areaOf = new Float64Array(inDefects);
  let [n, a] = [0, 0];
  for (let i = 0; i < keys.length; i++) {
    const label = labels[i]!;
    if (label === 0) normal[n++] = keys[i]!;
    else {
      areaOf[a] = areas[label]!;
      anomalous[a++] = keys[i]!;
    }
  }
  return {
    normal: tallySorted(normal.sort(), null),
    anomalous: sortedWithWeights(anomalous, areaOf),
    regions: areas.length - 1,
  };
}

/**
 * Sorts keys and takes the areas along: key and number of the area are packed into one whole number below 2⁵³, which
 * sorts natively. 2²¹ different areas are more than any image holds: their regions would have 2⁴¹ pixels.
 */
function sortedWithWeights(keys: Uint32Array, areas: Float64Array): Tally {
  const distinct = [...new Set(areas)];
  const numberOf = new Map(distinct.map((area, i) => [area, i]));
  const packed = new Float64Array(keys.length);
  for (let i = 0; i < keys.length; i++) packed[i] = keys[i]! * 2 ** 21 + numberOf.get(areas[i]!)!;
  packed.sort();
  const sorted = packed.map((value) => Math.floor(value / 2 ** 21));
  const weights = packed.map((value) => 1 / distinct[value % 2 ** 21]!);
  return tallySorted(Uint32Array.from(sorted), weights);
}
