import type { Html } from "../../page/html.js";
import { calibrationPlot, probabilityPlot } from "./charts/calibration.js";
import { figure } from "./charts/chart.js";
import { curvePlots } from "./charts/curves.js";
import { histogramPlots } from "./charts/histograms.js";
import { miouPlot } from "./charts/thresholds.js";
import type { ReportData } from "./report-data.js";

/** The charts of what was measured, those for which there are numbers. */
export function figures(data: ReportData): Html[] {
  const { examined, curves, evaluation } = data;
  const { operatingPoint, miou, falseAlarms } = evaluation;
  const { logEpsilon } = operatingPoint;
  const plots = [
    ...histogramPlots(examined, logEpsilon),
    calibrationPlot(falseAlarms.atEpsilon),
    probabilityPlot(curves.goodLogNfa),
    curves.miou && miouPlot(curves.miou, miou, logEpsilon),
    ...curvePlots(curves),
  ];
  return plots.filter((plot) => plot !== null).map(figure);
}
