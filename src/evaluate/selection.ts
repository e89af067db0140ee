import { goodKind } from "../image/datasets/index.js";
import type { Examined } from "./examined.js";

/** Good images on a contact sheet: enough to see what sets off false alarms. */
const mostGood = 4;
/** More of one kind would only repeat what the first ones show. */
const mostOfKind = 6;

/**
 * The images that say most about a model: of every kind of defect the worst misses and the best hits; then of the good
 * images the worst false alarms or, where there is none, the image that came closest to one. What is not selected among
 * some images is not among more either: images may come one by one, and the others be let go.
 *
 * @param most at most so many, but of every kind of defect at least one
 * @returns kind after kind, worst first; good images last.
 */
export function selectImages<T extends Examined>(examined: readonly T[], most = 24): T[] {
  const kinds = [...new Set(examined.map(({ kind }) => kind))].filter((kind) => kind !== goodKind).sort();
  const share = Math.floor((most - mostGood) / kinds.length);
  const perKind = Math.min(mostOfKind, Math.max(1, share));
  const ofKind = (kind: string) => examined.filter((image) => image.kind === kind);
  return [
    ...kinds.flatMap((kind) => worstAndBest(ofKind(kind), perKind)),
    ...falseAlarmsOrClosest(ofKind(goodKind)),
  ];
}

function worstAndBest<T extends Examined>(images: readonly T[], most: number): T[] {
  const ordered = [...images].sort((a, b) => covered(a) - covered(b) || b.logNfa - a.logNfa);
  if (ordered.length <= most) return ordered;
  const best = Math.floor(most / 2);
  return [...ordered.slice(0, most - best), ...ordered.slice(ordered.length - best)];
}

/** How well the defect is covered, 0 … 1. The tiny numbers of a miss are one and the same: there, logNfa decides. */
function covered({ iou, anomalous }: Examined): number {
  if (iou === null) return anomalous ? 1 : 0;
  return iou < 1e-9 ? 0 : iou;
}

function falseAlarmsOrClosest<T extends Examined>(good: readonly T[]): T[] {
  const ordered = [...good].sort((a, b) => a.logNfa - b.logNfa);
  const alarms = ordered.filter(({ anomalous }) => anomalous).slice(0, mostGood);
  return alarms.length > 0 ? alarms : ordered.slice(0, 1);
}
