import { ink } from "../../../page/ink.js";
import type { Miou } from "../../metrics/index.js";
import type { MiouCurve } from "../../metrics/iou.js";
import type { Plot, Point } from "./chart.js";
import { spread, wideAxis } from "./wide-scale.js";

/** Mean IoU for every threshold, with the automatic one and the best. */
export function miouPlot(
  { logEpsilon: thresholds, miou }: MiouCurve,
  { automatic, oracle, oracleLogEpsilon }: Miou,
  logEpsilon: number,
): Plot {
  const mark = (at: number | null, value: number | null): Point[] =>
    at === null || value === null ? [] : [[spread(at), value]];
  return {
    title: "Overlap and threshold",
    caption:
      "Mean IoU of detections with the marked defects for every threshold on log NFA. The automatic one saw no defect; the best was chosen on these very images.",
    x: wideAxis("threshold on log NFA", thresholds),
    y: { name: "mean IoU", min: 0 },
    series: [
      {
        name: "",
        colour: ink.muted,
        style: "line",
        points: thresholds.map((at, i) => [spread(at), miou[i]!]),
      },
      { name: "automatic", colour: ink.good, style: "diamonds", points: mark(logEpsilon, automatic) },
      { name: "best", colour: ink.defective, style: "diamonds", points: mark(oracleLogEpsilon, oracle) },
    ],
  };
}
