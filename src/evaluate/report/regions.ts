import { relative } from "node:path";
import { type Content, html, name } from "../../page/html.js";
import { table } from "../../page/table.js";
import type { SizeBin } from "../metrics/region-detection.js";
import type { ReportData } from "./report-data.js";

/** The table lists so many; all are in regions.csv. */
const listed = 200;

/** Which of the defects that the ground truth marks were found: by size, and one by one. */
export function regions({ examined, evaluation }: ReportData): Content {
  const { regions: total, detected, bySize } = evaluation.regionDetection;
  if (total === 0) return null;
  const all = examined.flatMap(({ path, kind, truthRegions }) =>
    (truthRegions ?? []).map((region) => ({ ...region, path, kind })),
  );
  all.sort((a, b) => b.logNfa - a.logNfa);
  const rows = all
    .slice(0, listed)
    .map(({ path, kind, area, detected: found, iou, logNfa }) => [
      name(relative(evaluation.data, path)),
      html`<span class="kind">${name(kind)}</span>`,
      found ? "found" : html`<b class="bad">missed</b>`,
      area.toFixed(0),
      found ? iou.toFixed(2) : "–",
      logNfa.toFixed(1).replace("-", "−"),
    ]);
  const shown = total > listed ? `, below the ${listed} faintest` : "";
  return html`<section><h2>Marked defects one by one <span class="muted">${detected} of ${total} found${shown}</span></h2>
<p class="muted key">Connected regions of the ground truth. Found is what a detected region overlaps. Areas are in pixels of the maps, ${evaluation.mapSize} × ${evaluation.mapSize}; log NFA is the smallest on the defect.</p>
${table(["area, part of the image", "found", "rate", "95 % interval"], bySize.filter(({ regions }) => regions > 0).map(sizeRow), 1)}
${table(["image", "kind", "outcome", "pixels", "IoU", "log NFA"], rows, 3)}</section>`;
}

function sizeRow({ from, to, regions, detected, rate, interval }: SizeBin): string[] {
  const percent = (share: number) => `${Number((100 * share).toPrecision(2))}`;
  return [
    `${percent(from)} … ${percent(to)} %`,
    `${detected} of ${regions}`,
    `${percent(rate!)} %`,
    interval ? `${interval.map((end) => (100 * end).toFixed(0)).join(" … ")} %` : "",
  ];
}
