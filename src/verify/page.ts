import { theme } from "../picture/theme.js";
import type { Certificate, CertifiedImage, Comparison, Machine } from "./certificate.js";

/** The page lists so many images, to remain two sheets of paper; the certificate lists all. */
const listed = 24;

/** A certificate for people: one file of HTML without scripts, that prints on one or two pages of A4. */
export function certificatePage(certificate: Certificate): string {
  const { model, verdict, date } = certificate;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(`Certificate of parity: ${model.file}, ${verdict}`)}</title>
<style>${style}</style>
</head>
<body>
<header class="${verdict.toLowerCase()}"><h1>${verdict}</h1><p>Certificate of parity<br>${text(model.file)}<br>${text(date.slice(0, 16).replace("T", " "))} UTC</p></header>
<p>${headline(certificate)}</p>
${machineAndModel(certificate)}
<h2>Ways of running the model</h2>
${waysTable(certificate)}
${earlierSection(certificate)}
<h2>Images</h2>
${imagesTable(certificate)}
<footer>SHA-256 of the content of certificate.json: <code>${certificate.contentSha256}</code>. It is a checksum that shows later changes, no signature. The file also holds all checksums in full and the reasons of failures.</footer>
</body>
</html>
`;
}

const style = `
@page { size: A4; margin: 14mm }
* { box-sizing: border-box }
body { font: 9.5pt/1.4 system-ui, sans-serif; color: ${theme.background}; background: #fff; max-width: 182mm; margin: 8mm auto; padding: 0 2mm; print-color-adjust: exact; -webkit-print-color-adjust: exact }
@media print { body { margin: 0; padding: 0; max-width: none } }
header { display: flex; align-items: center; gap: 8mm; padding: 3mm 6mm; border-radius: 2mm }
header.pass { background: ${theme.good} }
header.fail { background: ${theme.anomalous} }
h1 { font-size: 30pt; margin: 0 }
h2 { font-size: 11pt; margin: 5mm 0 1mm; break-after: avoid }
header p { margin: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-size: 8.5pt }
th, td { text-align: left; vertical-align: top; padding: 0.8mm 3mm 0.8mm 0; border-bottom: 0.2mm solid #ccd2da; overflow-wrap: anywhere }
.label, .figures td:not(:first-child), .figures th { white-space: nowrap; overflow-wrap: normal }
.figures td:first-child { width: 100% }
th:last-child, td:last-child { padding-right: 0 }
thead th { border-bottom: 0.4mm solid ${theme.line} }
tr { break-inside: avoid }
.number { text-align: right; font-variant-numeric: tabular-nums }
.failed { font-weight: bold; color: #b3152b }
.unavailable, .muted, footer { color: #5a6472 }
code { font-size: 8pt; overflow-wrap: anywhere }
footer { margin-top: 5mm; font-size: 8pt }
`;

function headline({ ways, images, errors, against, reference }: Certificate): string {
  const has = (wanted: Comparison["outcome"]) => ways.filter(({ outcome }) => outcome === wanted).length;
  const unread =
    errors.length > 0
      ? ` <span class="failed">${count(errors.length, "image")} could not be read.</span>`
      : "";
  const earlier = against ? ` The comparison with the earlier certificate has ${against.outcome}.` : "";
  return `${count(images.length, "image")} went through the model in every way in which this machine can run it, and what came out was compared with one reference way (${text(reference.name)}). ${count(has("passed"), "way")} passed, ${has("failed")} failed, ${has("unavailable")} not available here.${earlier}${unread}`;
}

function machineAndModel({ machine, model, operatingPoint }: Certificate): string {
  const { host, os, cpu, threads, instructionSet, engine, onnxruntime, node } = machine;
  const { epsilon, tail, tests, background, nfa } = operatingPoint;
  const left = [
    ["machine", text(host)],
    ["system", text(os)],
    ["processor", text(`${cpu}, ${threads} threads, ${instructionSet}`)],
    ["engine", text(`uflow ${engine}`)],
    ["runs on", text(`ONNX Runtime ${onnxruntime}, Node ${node}`)],
    ["detection", text(`nfa ${nfa}, ε ${epsilon}, tail ${tail}, tests ${tests}, background ${background}`)],
  ];
  const right = [
    ["model", text(model.file)],
    ["SHA-256", `<code>${model.sha256}</code>`],
    ["backbone", text(model.backbone.name)],
    ["written by", text(`uflow ${model.engine}`)],
    ["trained on", model.trainedOn === null ? "another engine" : count(model.trainedOn, "image")],
    ["sizes", `input ${model.inputSize}, maps ${model.mapSize} pixels; ${model.flowSteps} flow steps`],
  ];
  const rows = left.map(([name, value], i) => [label(name!), value!, label(right[i]![0]!), right[i]![1]!]);
  return table(["", "", "", ""], rows);
}

const label = (name: string) => `<span class="label">${name}</span>`;

const figureHeads = ["Δ map", "Δ log NFA", "relative", "mask IoU", "verdicts"];

function waysTable({ ways, reference }: Certificate): string {
  const rows = ways.map((way) => [
    `${text(way.name)}${way.reason === null ? "" : `<br><span class="muted">${text(brief(way.reason))}</span>`}`,
    `<span class="${way.outcome}">${way.outcome === "unavailable" ? "not here" : way.outcome}</span>`,
    ...figureCells(way),
    way.milliseconds === null ? "" : way.milliseconds.toFixed(1),
  ]);
  const base = [
    `reference: ${text(reference.name)}`,
    "",
    "",
    "",
    "",
    "",
    "",
    reference.milliseconds.toFixed(1),
  ];
  // A Map keeps one of each precision.
  const used = new Map(ways.filter(({ figures }) => figures).map((way) => [way.precision, way.limits]));
  const rules = [...used].map(
    ([precision, { anomalyMap, relativeLogNfa, maskIou }]) =>
      `${precision}: Δ map ≤ ${anomalyMap}, relative Δ log NFA ≤ ${relativeLogNfa}, mask IoU ≥ ${maskIou}`,
  );
  return `${table(["way", "outcome", ...figureHeads, "ms"], [base, ...rows], 2)}
<p class="muted">The worst over all images: largest differences, smallest overlap, number of other verdicts; median time per image. Limits: ${rules.map((rule) => `${rule}; `).join("")}verdicts equal.</p>`;
}

function figureCells({ figures }: Comparison): string[] {
  if (!figures) return figureHeads.map(() => "");
  const { anomalyMap, logNfa, relativeLogNfa, maskIou, verdicts } = figures;
  return [
    ...[anomalyMap, logNfa, relativeLogNfa].map(scientific),
    maskIou.toFixed(4),
    `${verdicts.length} other`,
  ];
}

function earlierSection({ against, machine }: Certificate): string {
  if (!against) return "";
  const cells = [
    `<span class="${against.outcome}">${against.outcome}</span>${against.reason === null ? "" : `<br>${text(against.reason)}`}`,
    ...figureCells(against),
  ];
  const facts: [string, keyof Machine][] = [
    ["machine", "host"],
    ["system", "os"],
    ["processor", "cpu"],
    ["engine", "engine"],
    ["ONNX Runtime", "onnxruntime"],
    ["Node", "node"],
  ];
  return `<h2>Compared with an earlier certificate</h2>
${table(
  ["", "earlier", "here"],
  [
    ...facts.map(([name, key]) => [
      label(name),
      text(String(against.machine[key])),
      text(String(machine[key])),
    ]),
    [label("date"), text(against.date.slice(0, 16).replace("T", " ")), ""],
    [label("content"), `<code>${against.contentSha256}</code>`, ""],
  ],
)}
${table(["reference way, earlier and here", ...figureHeads], [cells], 1)}`;
}

function imagesTable({ images, errors, source }: Certificate): string {
  const rows = images
    .slice(0, listed)
    .map(({ name, width, height, sha256, anomalous, logNfa }: CertifiedImage) => [
      text(name),
      `${width} × ${height}`,
      `<code>${sha256.slice(0, 12)}…</code>`,
      anomalous ? "anomalous" : "good",
      logNfa.toFixed(1).replace("-", "−"),
    ]);
  const more =
    images.length > listed
      ? `<p class="muted">… and ${images.length - listed} more in certificate.json</p>`
      : "";
  const origin =
    source.folder === null
      ? `Generated with seed ${source.seed}.`
      : `From the folder ${text(source.folder)}.`;
  const unread = errors
    .slice(0, listed)
    .map(({ message }) => `<p class="failed">${text(message)}</p>`)
    .join("");
  return `<p class="muted">${origin} Checksums are of the decoded pixels; verdicts and log NFA are the reference way's.</p>
${table(["image", "size", "SHA-256", "verdict", "log NFA"], rows, 4)}${more}${unread}`;
}

/** Cells are HTML. Columns from `numeric` on are numbers; without any it is a table of facts with short labels. */
function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  numeric = heads.length,
): string {
  const cell = (tag: string) => (content: string, i: number) =>
    `<${tag}${i >= numeric ? ' class="number"' : ""}>${content}</${tag}>`;
  const head = heads.some((name) => name !== "")
    ? `<thead><tr>${heads.map(cell("th")).join("")}</tr></thead>`
    : "";
  const kind = numeric < heads.length ? "figures" : "facts";
  return `<table class="${kind}">${head}<tbody>${rows.map((row) => `<tr>${row.map(cell("td")).join("")}</tr>`).join("\n")}</tbody></table>`;
}

const scientific = (value: number) => (value === 0 ? "0" : value.toExponential(1).replace("-", "−"));

/** ONNX Runtime's reasons fill pages. */
const brief = (reason: string) => (reason.length > 240 ? `${reason.slice(0, 240)}…` : reason);

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** File names and messages may hold anything. */
const text = (content: string) => content.replace(/[&<>"']/g, (character) => entities[character]!);
