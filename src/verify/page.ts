import { document } from "../page/document.js";
import { type Content, type Html, html } from "../page/html.js";
import { ink } from "../page/ink.js";
import { count, label, table } from "../page/table.js";
import { theme } from "../picture/theme.js";
import type { Certificate, CertifiedImage, Comparison, Machine } from "./certificate.js";

/** The page lists so many images, to remain two sheets of paper; the certificate lists all. */
const listed = 24;

/** A certificate for people: one file of HTML without scripts, that prints on one or two pages of A4. */
export function certificatePage(certificate: Certificate): string {
  const { model, verdict, date } = certificate;
  const body = html`<header class="${verdict.toLowerCase()}"><h1>${verdict}</h1><p>Certificate of parity<br>${model.file}<br>${date.slice(0, 16).replace("T", " ")} UTC</p></header>
<p>${headline(certificate)}</p>
${machineAndModel(certificate)}
<h2>Ways of running the model</h2>
${waysTable(certificate)}
${earlierSection(certificate)}
<h2>Images</h2>
${imagesTable(certificate)}
<footer>SHA-256 of the content of certificate.json: <code>${certificate.contentSha256}</code>. It is a checksum that shows later changes, no signature. The file also holds all checksums in full and the reasons of failures.</footer>`;
  return document({ title: `Certificate of parity: ${model.file}, ${verdict}`, style, body });
}

const style = `
header { display: flex; align-items: center; gap: 8mm; padding: 3mm 6mm; border-radius: 2mm }
header.pass { background: ${theme.good} }
header.fail { background: ${theme.anomalous} }
h1 { font-size: 30pt; margin: 0 }
header p { margin: 0; overflow-wrap: anywhere }
.failed { font-weight: bold; color: ${ink.failed} }
.unavailable { color: ${ink.muted} }
`;

function headline({ ways, images, errors, against, reference }: Certificate): Html {
  const has = (wanted: Comparison["outcome"]) => ways.filter(({ outcome }) => outcome === wanted).length;
  const unread =
    errors.length > 0
      ? html` <span class="failed">${count(errors.length, "image")} could not be read.</span>`
      : null;
  const earlier = against ? ` The comparison with the earlier certificate has ${against.outcome}.` : "";
  return html`${count(images.length, "image")} went through the model in every way in which this machine can run it, and what came out was compared with one reference way (${reference.name}). ${count(has("passed"), "way")} passed, ${has("failed")} failed, ${has("unavailable")} not available here.${earlier}${unread}`;
}

function machineAndModel({ machine, model, operatingPoint }: Certificate): Html {
  const { host, os, cpu, threads, instructionSet, engine, onnxruntime, node } = machine;
  const { epsilon, tail, tests, background, nfa } = operatingPoint;
  const left: [string, Content][] = [
    ["machine", host],
    ["system", os],
    ["processor", `${cpu}, ${threads} threads, ${instructionSet}`],
    ["engine", `uflow ${engine}`],
    ["runs on", `ONNX Runtime ${onnxruntime}, Node ${node}`],
    ["detection", `nfa ${nfa}, ε ${epsilon}, tail ${tail}, tests ${tests}, background ${background}`],
  ];
  const right: [string, Content][] = [
    ["model", model.file],
    ["SHA-256", html`<code>${model.sha256}</code>`],
    ["backbone", model.backbone.name],
    ["written by", `uflow ${model.engine}`],
    ["trained on", model.trainedOn === null ? "another engine" : count(model.trainedOn, "image")],
    ["sizes", `input ${model.inputSize}, maps ${model.mapSize} pixels; ${model.flowSteps} flow steps`],
  ];
  const rows = left.map(([name, value], i) => [label(name), value, label(right[i]![0]), right[i]![1]]);
  return table(["", "", "", ""], rows);
}

const figureHeads = ["Δz", "relative", "Δ map", "Δ log NFA", "relative", "mask IoU", "verdicts"];

function waysTable({ ways, reference }: Certificate): Html {
  const rows = ways.map((way) => [
    way.name,
    html`<span class="${way.outcome}">${way.outcome === "unavailable" ? "not here" : way.outcome}</span>`,
    ...figureCells(way),
    way.milliseconds === null ? "" : way.milliseconds.toFixed(1),
  ]);
  const base = [
    `reference: ${reference.name}`,
    "",
    ...figureHeads.map(() => ""),
    reference.milliseconds.toFixed(1),
  ];
  const reasons = ways
    .filter(({ reason }) => reason !== null)
    .map(({ name, reason }) => html`<p class="muted">${name}: ${brief(reason!)}</p>`);
  // A Map keeps one of each precision.
  const used = new Map(ways.filter(({ figures }) => figures).map((way) => [way.precision, way.limits]));
  const rules = [...used].map(
    ([precision, { anomalyMap, relativeLogNfa, maskIou }]) =>
      `${precision}: Δ map ≤ ${anomalyMap}, relative Δ log NFA ≤ ${relativeLogNfa}, mask IoU ≥ ${maskIou}`,
  );
  return html`${table(["way", "outcome", ...figureHeads, "ms"], [base, ...rows], 2)}${reasons}
<p class="muted">The worst over all images: largest differences, smallest overlap, number of other verdicts; median time per image. Δz is of the latents of the first images, absolute and relative to the largest |z|, and has no limit. Limits: ${rules.map((rule) => `${rule}; `).join("")}verdicts equal.</p>`;
}

function figureCells({ figures }: Comparison): string[] {
  if (!figures) return figureHeads.map(() => "");
  const { anomalyMap, logNfa, relativeLogNfa, maskIou, verdicts, latents } = figures;
  return [
    ...(latents ? [latents.absolute, latents.relative].map(scientific) : ["", ""]),
    ...[anomalyMap, logNfa, relativeLogNfa].map(scientific),
    maskIou.toFixed(4),
    `${verdicts.length} other`,
  ];
}

function earlierSection({ against, machine }: Certificate): Content {
  if (!against) return null;
  const cells = [
    html`<span class="${against.outcome}">${against.outcome}</span>${against.reason === null ? null : html`<br>${against.reason}`}`,
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
  return html`<h2>Compared with an earlier certificate</h2>
${table(
  ["", "earlier", "here"],
  [
    ...facts.map(([name, key]) => [label(name), String(against.machine[key]), String(machine[key])]),
    [label("date"), against.date.slice(0, 16).replace("T", " "), ""],
    [label("content"), html`<code>${against.contentSha256}</code>`, ""],
  ],
)}
${table(["reference way, earlier and here", ...figureHeads], [cells], 1)}`;
}

function imagesTable({ images, errors, source }: Certificate): Html {
  const rows = images
    .slice(0, listed)
    .map(({ name, width, height, sha256, anomalous, logNfa }: CertifiedImage) => [
      name,
      `${width} × ${height}`,
      html`<code>${sha256.slice(0, 12)}…</code>`,
      anomalous ? "anomalous" : "good",
      logNfa.toFixed(1).replace("-", "−"),
    ]);
  const more =
    images.length > listed
      ? html`<p class="muted">… and ${images.length - listed} more in certificate.json</p>`
      : null;
  const origin =
    source.folder === null ? `Generated with seed ${source.seed}.` : `From the folder ${source.folder}.`;
  const unread = errors.slice(0, listed).map(({ message }) => html`<p class="failed">${message}</p>`);
  return html`<p class="muted">${origin} Checksums are of the decoded pixels; verdicts and log NFA are the reference way's.</p>
${table(["image", "size", "SHA-256", "verdict", "log NFA"], rows, 4)}${more}${unread}`;
}

const scientific = (value: number) => (value === 0 ? "0" : value.toExponential(1).replace("-", "−"));

/** ONNX Runtime's reasons fill pages. */
const brief = (reason: string) => (reason.length > 240 ? `${reason.slice(0, 240)}…` : reason);
