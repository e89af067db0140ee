/** Metrics of maps and scores, whichever method they come from. docs/maths.md, "Metrics". */
export { aupro } from "./aupro.js";
export { auproByIndex } from "./aupro-by-index.js";
export { imageAuroc, pixelAuroc } from "./auroc.js";
export { imageAveragePrecision, pixelAveragePrecision } from "./average-precision.js";
export { type F1Max, imageF1Max, pixelF1Max } from "./f1-max.js";
export { type FairThreshold, fairThreshold } from "./fair-threshold.js";
export { type FalseAlarmRate, type FalseAlarms, falseAlarms } from "./false-alarms.js";
export { binomialInterval, type Interval, poissonInterval } from "./intervals.js";
export { type Miou, miou } from "./iou.js";
export {
  type RegionDetection,
  regionDetection,
  type SizeBin,
  type TruthRegion,
  truthRegions,
} from "./region-detection.js";
