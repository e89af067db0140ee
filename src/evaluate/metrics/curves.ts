import type { MiouCurve } from "./iou.js";
import type { RankCurve } from "./rank-curve.js";

/** Points of a curve that is drawn with straight lines between them. */
export interface Polyline {
  x: number[];
  y: number[];
}

/** The curves of a report: at most 500 points each, null where the images do not define them. */
export interface EvaluationCurves {
  /** False positive rate and true positive rate, of images and of pixels; the area is the AUROC. */
  imageRoc: Polyline | null;
  pixelRoc: Polyline | null;
  /** False positive rate of pixels and mean share of a region that is found; from 0 to 1. */
  pro: Polyline | null;
  /** The same with regions that saturate; null where the data set does not say how. */
  spro: Polyline | null;
  /** Recall and precision in steps: y[i] holds from x[i − 1] (from 0 for the first) to x[i]; the area is the AP. */
  imagePr: Polyline | null;
  pixelPr: Polyline | null;
  /** mIoU against the threshold on log NFA. */
  miou: MiouCurve | null;
  /** The most significant log₁₀ NFA of each good image, ascending: for a probability plot against the promise. */
  goodLogNfa: number[];
}

/** Points that a curve may have. */
export const mostPoints = 500;

/** ROC curve, area kept. */
export function rocCurve(curve: RankCurve, most = mostPoints): Polyline | null {
  if (curve.normal === 0 || curve.anomalous === 0) return null;
  return thinned(curve, curve.truePositives, curve.anomalous, most);
}

/** Per-region overlap curve, area kept. */
export function proCurve(curve: RankCurve, most = mostPoints): Polyline | null {
  if (curve.normal === 0 || curve.regions === 0) return null;
  return thinned(curve, curve.overlap, curve.regions, most);
}

/** Precision–recall curve: each step is the mean precision over a stretch of recall, so that the area is kept. */
export function prCurve(curve: RankCurve, most = mostPoints): Polyline | null {
  const { normal, anomalous, truePositives, falsePositives } = curve;
  if (normal === 0 || anomalous === 0) return null;
  const line: Polyline = { x: [], y: [] };
  let [start, before, area] = [0, 0, 0];
  truePositives.forEach((found, i) => {
    area += ((found - before) * found) / (found + falsePositives[i]!);
    before = found;
    const last = i === truePositives.length - 1;
    if (!last && (found - start) * most < anomalous) return;
    line.x.push(found / anomalous);
    line.y.push(area / (found - start));
    [start, area] = [found, 0];
  });
  return line;
}

/**
 * A rising curve of few points with the same area. It is cut into stretches of equal length dx + dy; of each its ends
 * are kept, and between them one point on the falling diagonal of their box. Moving it from the upper left to the lower
 * right corner, the area falls linearly from the most to the least that a rising curve can have: one place keeps it.
 */
function thinned(curve: RankCurve, heights: Float64Array, height: number, most: number): Polyline {
  // One stretch less than there is room for: the last one may be short.
  const stretches = Math.floor((most - 1) / 2) - 1;
  const line: Polyline = { x: [0], y: [0] };
  let start = { x: 0, y: 0 };
  let last = start;
  let area = 0;
  const end = () => {
    const [width, rise] = [last.x - start.x, last.y - start.y];
    if (width > 0 && rise > 0) {
      const down = Math.min(Math.max(1 - area / (width * rise), 0), 1);
      line.x.push(start.x + down * width);
      line.y.push(last.y - down * rise);
    }
    line.x.push(last.x);
    line.y.push(last.y);
    [start, area] = [last, 0];
  };
  for (const point of corners(curve, heights, height)) {
    area += (point.x - last.x) * ((point.y + last.y) / 2 - start.y);
    last = point;
    if ((last.x - start.x + last.y - start.y) * stretches >= 2) end();
  }
  if (last !== start) end();
  return line;
}

/** The curve's points after (0, 0), up to (1, 1). */
function* corners(curve: RankCurve, heights: Float64Array, height: number) {
  const { falseAbove, falsePositives, normal } = curve;
  let y = 0;
  for (let i = 0; i < heights.length; i++) {
    yield { x: falseAbove[i]! / normal, y };
    y = heights[i]! / height;
    yield { x: falsePositives[i]! / normal, y };
  }
  yield { x: 1, y };
}
