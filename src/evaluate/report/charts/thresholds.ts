import { ink } from "../../../page/ink.js";
import type { Miou } from "../../metrics/index.js";
import type { MiouCurve } from "../../metrics/iou.js";
import type { Plot, Point, Series } from "./chart.js";
import { spread, wideAxis } from "./wide-scale.js";

/** Mean IoU for every threshold, with the automatic one and the best. */
export function miouPlot(
  { logEpsilon: thresholds, miou }: MiouCurve,
  { automatic, oracle, oracleLogEpsilon }: Miou,
  logEpsilon: number,
): Plot {
  const marked = [logEpsilon, ...(oracleLogEpsilon === null ? [] : [oracleLogEpsilon])];
  const x = wideAxis("threshold on log NFA", [...thresholds, ...marked]);
  const curve = thresholds.map((at, i): Point => [spread(at), miou[i]!]);
  const mark = (name: string, colour: string, at: number | null, value: number | null): Series => ({
    name,
    colour,
    style: "diamonds",
    points: at === null || value === null ? [] : [[spread(at), value]],
  });
  return {
    title: "Overlap and threshold",
    caption:
      "Mean IoU of detections with the marked defects for every threshold on log NFA; good parts without a detection count as 1. The automatic one saw no defect; the best was chosen on these very images.",
    x,
    y: { name: "mean IoU", min: 0 },
    series: [
      { name: "", colour: ink.muted, style: "line", points: toBothEnds(curve, x) },
      // One mark over the other would show the colour of neither.
      ...(oracleLogEpsilon === logEpsilon
        ? [mark("automatic, also the best", ink.good, logEpsilon, automatic)]
        : [
            mark("automatic", ink.good, logEpsilon, automatic),
            mark("best", ink.defective, oracleLogEpsilon, oracle),
          ]),
    ],
  };
}

/** Beyond its thresholds the curve stays as it is: nothing more is detected, or all is already. */
function toBothEnds(curve: readonly Point[], { min, max }: { min: number; max: number }): Point[] {
  const [first, last] = [curve[0], curve.at(-1)];
  return first && last ? [[min, first[1]], ...curve, [max, last[1]]] : [];
}
