import { basename } from "node:path";
import { document } from "../../page/document.js";
import { type Html, html, name } from "../../page/html.js";
import { count } from "../../page/table.js";
import { logNfaText } from "../../picture/verdict.js";
import { figures } from "./figures.js";
import { provenance } from "./provenance.js";
import { regions } from "./regions.js";
import type { Card, ReportData, Sheet } from "./report-data.js";
import { style } from "./style.js";
import { summary } from "./summary.js";
import { training } from "./training.js";

/** An evaluation for people: one file of HTML without scripts that needs nothing else, also to be printed on A4. */
export function reportPage(data: ReportData): string {
  const { evaluation, date } = data;
  const title = `${basename(evaluation.model)} on ${basename(evaluation.data)}`;
  const body = html`<header><h1>${name(title)}</h1><p>Evaluation by uflow ${data.machine.engine}, ${date.slice(0, 16).replace("T", " ")} UTC</p></header>
${summary(data)}
<section><h2>How well it decides, and how well it ranks</h2><div class="plots">${figures(data)}</div></section>
${data.sheets.map(sheet)}
${regions(data)}
${training(data)}
${provenance(data)}
<footer>Terms: NFA is the number of false alarms, the expected number of regions per image that look as anomalous by chance alone; a region is detected where its NFA is below ε. AUROC is the probability that something defective scores higher than something good. IoU is the intersection of detection and defect over their union.</footer>`;
  return document({ title: `Evaluation: ${title}`, style, body });
}

function sheet({ title, total, cards }: Sheet): Html {
  const shown = cards.length < total ? `the ${cards.length} most significant of ${total}` : `${total}`;
  return html`<section><h2>${title} <span class="muted">${shown}</span></h2>
<p class="muted key">Left the part, with marked defects outlined in white; right the heat of the anomaly map, with detected regions outlined in cyan.</p>
<div class="cards">${cards.map(cardOf)}</div></section>
`;
}

function cardOf({ name: file, kind, picture, width, height, logNfa, regions, iou }: Card): Html {
  const overlap = iou === null || kind === "good" ? "" : ` · IoU ${iou.toFixed(2)}`;
  return html`<figure class="card"><img src="data:image/webp;base64,${picture.toString("base64")}" width="${width}" height="${height}" alt="" loading="lazy"><figcaption><span class="file" title="${file}">${name(file)}</span><span>${logNfaText(logNfa)} ${regions === 0 ? "" : ` · ${count(regions, "region")}`}${overlap}</span></figcaption></figure>`;
}
