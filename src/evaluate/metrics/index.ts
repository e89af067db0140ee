/**
 * `uflow/metrics`: metrics of maps and scores, whichever method they come from. A map is { data, width, height } with a
 * Float32Array, a mask the same with a Uint8Array that is not 0 in defects; there is one of each per image. A metric is
 * null where the images do not define it; NaN, and maps and masks that do not go together, end in a UflowError,
 * ERR_UFLOW_BAD_TENSOR. Synchronous: many images are better added one by one, in a thread of their own, to
 * `PixelScores`, whose `curve()` the last functions read. docs/maths.md, "Metrics".
 */
export type { Mask } from "../../image/mask.js";
export type { Map2d } from "../../kernels/index.js";
export { aupro, proArea } from "./aupro.js";
export { auproByIndex } from "./aupro-by-index.js";
export { auroc, imageAuroc, pixelAuroc } from "./auroc.js";
export { auspro } from "./auspro.js";
export { averagePrecision, imageAveragePrecision, pixelAveragePrecision } from "./average-precision.js";
export { type Polyline, prCurve, proCurve, rocCurve } from "./curves.js";
export { type F1Max, f1Max, imageF1Max, pixelF1Max } from "./f1-max.js";
export { type FairThreshold, fairThreshold } from "./fair-threshold.js";
export { type FalseAlarmRate, type FalseAlarms, falseAlarms } from "./false-alarms.js";
export { binomialInterval, type Interval, poissonInterval } from "./intervals.js";
export { IouCurve, type Miou, type MiouCurve, miou } from "./iou.js";
export { PixelScores } from "./pixel-scores.js";
export { type Bounded, imageRankCurve, type RankCurve } from "./rank-curve.js";
export {
  type RegionDetection,
  regionDetection,
  type SizeBin,
  type TruthRegion,
  truthRegions,
} from "./region-detection.js";
export { type SaturatingRegion, saturatedOverlap } from "./saturation.js";
