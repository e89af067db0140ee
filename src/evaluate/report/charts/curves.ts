import { ink } from "../../../page/ink.js";
import type { EvaluationCurves, Polyline } from "../../metrics/curves.js";
import type { Axis, Plot, Point, Series } from "./chart.js";

const rate = (name: string): Axis => ({ name, min: 0, max: 1 });

/** ROC, precision–recall and per-region overlap curves, those that there are. */
export function curvePlots({ imageRoc, pixelRoc, pro, spro, imagePr, pixelPr }: EvaluationCurves): Plot[] {
  const chance: Series = {
    name: "",
    colour: ink.muted,
    style: "dashed",
    points: [
      [0, 0],
      [1, 1],
    ],
  };
  const plots: Plot[] = [
    {
      title: "ROC",
      caption:
        "The share of the defective that a threshold finds, against the share of the good that it flags. On the dashed line it guesses.",
      x: rate("false positive rate"),
      y: rate("true positive rate"),
      series: [...pair(imageRoc, pixelRoc, pointsOf), chance],
    },
    {
      title: "Precision and recall",
      caption:
        "The share of the flagged that is defective, against the share of the defective that is flagged.",
      x: rate("recall"),
      y: rate("precision"),
      series: pair(imagePr, pixelPr, stepsOf),
    },
    {
      title: "PRO",
      caption:
        "The covered share of a marked defect, on average, against the share of good pixels that are flagged. AUPRO is the area up to a rate of 0.3.",
      x: { ...rate("false positive rate of pixels"), max: 0.3 },
      y: rate("overlap per defect"),
      series: pair(null, pro, pointsOf).map((series) => ({ ...series, name: "" })),
    },
    {
      title: "sPRO",
      caption:
        "The same, where a defect counts as covered from its saturation on: of what is missing, a part is enough. AU-sPRO is the area up to a rate of 0.05.",
      x: { ...rate("false positive rate of pixels"), max: 0.3 },
      y: rate("saturated overlap per defect"),
      series: pair(null, spro, pointsOf).map((series) => ({ ...series, name: "" })),
    },
  ];
  return plots.filter(({ series }) => series.some((one) => one !== chance));
}

function pair(
  images: Polyline | null,
  pixels: Polyline | null,
  points: (line: Polyline) => Point[],
): Series[] {
  const of = (name: string, colour: string, line: Polyline | null): Series[] =>
    line ? [{ name, colour, style: "line", points: points(line) }] : [];
  return [...of("images", ink.good, images), ...of("pixels", ink.defective, pixels)];
}

export const pointsOf = ({ x, y }: Polyline) => x.map((value, i): Point => [value, y[i]!]);

/** y[i] holds from x[i − 1] to x[i]. */
const stepsOf = ({ x, y }: Polyline) =>
  x.flatMap((value, i): Point[] => [
    [x[i - 1] ?? 0, y[i]!],
    [value, y[i]!],
  ]);
