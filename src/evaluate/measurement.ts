import { goodKind } from "../image/datasets/index.js";
import type { Mask } from "../image/mask.js";
import type { Inspection } from "../inspect/index.js";
import { type Map2d, regions } from "../kernels/index.js";
import { proArea } from "./metrics/aupro.js";
import { auroc } from "./metrics/auroc.js";
import { averagePrecision } from "./metrics/average-precision.js";
import { type EvaluationCurves, mostPoints, prCurve, proCurve, rocCurve } from "./metrics/curves.js";
import { type F1Max, f1Max, withoutBound } from "./metrics/f1-max.js";
import { type FairThreshold, fairShare } from "./metrics/fair-threshold.js";
import { watchedEpsilons } from "./metrics/false-alarms.js";
import { IouCurve, iouAbove, type Miou } from "./metrics/iou.js";
import { PixelScores } from "./metrics/pixel-scores.js";
import type { RankCurve } from "./metrics/rank-curve.js";
import { type TruthRegion, truthRegions } from "./metrics/region-detection.js";
import { type SaturatingRegion, saturatedOverlap } from "./metrics/saturation.js";

/** The maps of one inspected image. */
export interface MeasuredMaps extends Pick<Inspection, "anomalyMap" | "logNfaMap" | "mask"> {
  kind: string;
  /** Where it is defective; null where nobody has said. */
  truth: Mask | null;
  /** Regions of it that saturate, where the data set says how. */
  saturating?: readonly SaturatingRegion[];
}

/** What is kept of one image's maps. */
export interface ImageMeasure {
  /** At the operating point; null without a mask. */
  iou: number | null;
  /** Saturated per-region overlap at the operating point, 0 … 1; null without regions that saturate. */
  spro: number | null;
  /** The regions of the ground truth; null without a mask. */
  truthRegions: TruthRegion[] | null;
  /** Of a good image: regions below each of `watchedEpsilons`; else null. */
  alarmsAtWatched: number[] | null;
}

/** Metrics that are read from the scores of all pixels of some images. Null where these do not define them. */
export interface PixelMetrics {
  /** Area under the ROC curve of the pixels, 0 … 1. */
  pixelAuroc: number | null;
  /** Average precision of the pixels: area under the steps of the precision–recall curve, 0 … 1. */
  pixelAveragePrecision: number | null;
  /** Area under the per-region overlap curve up to a false positive rate of 0.3, over 0.3; 0 … 1. */
  aupro: number | null;
  /** The same up to 0.05. */
  aupro005: number | null;
  /** Area under the saturated per-region overlap curve, up to 0.3 and up to 0.05; null where no region saturates. */
  auspro: number | null;
  auspro005: number | null;
}

/** How exact the pixel metrics are. */
export interface Precision {
  /** False where there were more distinct scores than memory: then neighbouring ones were taken for equal. */
  exact: boolean;
  /** Leading bits of the float32 scores that told pixels apart; 32 where exact. */
  scoreBits: number;
  /** By how much each pixel metric can be off for that at most; 0 where exact. */
  bounds: PixelMetrics & { pixelF1Max: number | null };
}

export interface PixelMeasures extends PixelMetrics {
  pixelF1Max: F1Max | null;
  precision: Precision;
  /** Per kind of defect: over its images and the good ones. */
  byKind: Record<string, PixelMetrics>;
  miou: Miou;
  fairThreshold: FairThreshold | null;
  curves: Pick<EvaluationCurves, "pixelRoc" | "pixelPr" | "pro" | "spro" | "miou">;
}

/** Gathers from the maps, image by image, all that is counted per pixel; keeps no map. Good images must come first. */
export class Measurement {
  private readonly pixels = new PixelScores();
  private readonly ious: IouCurve;
  private readonly fair = new FairIou(this.pixels);
  private readonly defects = new Set<string>();

  constructor(logEpsilon: number) {
    this.ious = new IouCurve(logEpsilon);
  }

  /**
   * About as long as sorting the map.
   * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN, or maps of different sizes.
   */
  add({ kind, truth, saturating = [], anomalyMap, logNfaMap, mask }: MeasuredMaps): ImageMeasure {
    const alarmsAtWatched = kind === goodKind ? watchedAlarms(logNfaMap) : null;
    if (truth === null) return { iou: null, spro: null, truthRegions: null, alarmsAtWatched };
    if (kind !== goodKind) this.defects.add(kind);
    this.pixels.add(anomalyMap, truth, kind, "the anomaly map", saturating);
    this.fair.add(anomalyMap, truth, kind);
    const iou = this.ious.add(logNfaMap, truth);
    const spro = saturatedOverlap(mask, saturating);
    return { iou, spro, truthRegions: truthRegions(logNfaMap, mask, truth), alarmsAtWatched };
  }

  /** About as long as reading the distinct scores once per kind of defect. */
  result(): PixelMeasures {
    const all = this.pixels.curve();
    const saturated = this.pixels.saturatedCurve();
    const { values, bounds } = pixelMetrics(all, saturated);
    const f1 = f1Max(all);
    const byKind = [...this.defects].map((kind) => {
      const kinds = [goodKind, kind];
      const { values: own } = pixelMetrics(this.pixels.curve(kinds), this.pixels.saturatedCurve(kinds));
      return [kind, own] as const;
    });
    const { scoreBits } = this.pixels;
    return {
      ...values,
      pixelF1Max: withoutBound(f1),
      precision: { exact: scoreBits === 32, scoreBits, bounds: { ...bounds, pixelF1Max: f1?.bound ?? null } },
      byKind: Object.fromEntries(byKind),
      miou: this.ious.result(),
      fairThreshold: this.fair.result(),
      curves: {
        pixelRoc: rocCurve(all),
        pixelPr: prCurve(all),
        pro: proCurve(all),
        spro: proCurve(saturated),
        miou: this.ious.thinned(mostPoints),
      },
    };
  }
}

/** mIoU at the fair threshold in one pass: the good images, which come first, determine it. */
class FairIou {
  private score: number | null = null;
  private defectiveSum = 0;
  private defective = 0;
  private hasDefects = false;
  private readonly goodMaxima: number[] = [];

  constructor(private readonly pixels: PixelScores) {}

  /** After the image has been added to the pixels' scores. */
  add({ data }: MeasuredMaps["anomalyMap"], truth: Mask, kind: string): void {
    if (kind === goodKind) {
      this.goodMaxima.push(data.reduce((highest, score) => Math.max(highest, score)));
      return;
    }
    this.hasDefects ||= truth.data.some(Boolean);
    this.score ??= this.pixels.exceededBy(fairShare, goodKind);
    if (this.score === null) return;
    this.defectiveSum += iouAbove(this.score, data, truth.data);
    this.defective++;
  }

  result(): FairThreshold | null {
    const score = this.score ?? this.pixels.exceededBy(fairShare, goodKind);
    if (score === null) return null;
    if (!this.hasDefects) return { score, miou: null };
    // A good image counts 1 without a detection, and with one practically 0.
    const silent = this.goodMaxima.filter((highest) => highest <= score).length;
    return { score, miou: (this.defectiveSum + silent) / (this.defective + this.goodMaxima.length) };
  }
}

function watchedAlarms(logNfaMap: Map2d): number[] {
  return watchedEpsilons.map((epsilon) => regions(logNfaMap, { logEpsilon: Math.log10(epsilon) }).length);
}

function pixelMetrics(
  curve: RankCurve,
  saturated: RankCurve,
): { values: PixelMetrics; bounds: PixelMetrics } {
  const metrics = {
    pixelAuroc: auroc(curve),
    pixelAveragePrecision: averagePrecision(curve),
    aupro: proArea(curve),
    aupro005: proArea(curve, 0.05),
    auspro: proArea(saturated),
    auspro005: proArea(saturated, 0.05),
  };
  const part = (of: "value" | "bound") => ({
    pixelAuroc: metrics.pixelAuroc?.[of] ?? null,
    pixelAveragePrecision: metrics.pixelAveragePrecision?.[of] ?? null,
    aupro: metrics.aupro?.[of] ?? null,
    aupro005: metrics.aupro005?.[of] ?? null,
    auspro: metrics.auspro?.[of] ?? null,
    auspro005: metrics.auspro005?.[of] ?? null,
  });
  return { values: part("value"), bounds: part("bound") };
}
