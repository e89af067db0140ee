import { basename } from "node:path";
import type { OperatingPoint } from "../../a-contrario/operating-point.js";
import { type Content, type Html, html, name } from "../../page/html.js";
import { count, label, table } from "../../page/table.js";
import { shellWord } from "../../shell-word.js";
import type { ReportData } from "./report-data.js";

/** What was evaluated, how, by what, and how to do it again. */
export function provenance(data: ReportData): Html {
  const facts = [...modelFacts(data), ...dataFacts(data), ...settings(data), ...machineFacts(data)];
  return html`<section class="provenance"><h2>Settings and origin</h2>
${table(
  ["", ""],
  facts.map(([title, content]) => [label(title), content]),
)}
<h3>To do it again</h3><pre>${commandOf(data)}</pre></section>`;
}

type Fact = [title: string, content: Content];

function modelFacts({ evaluation, model }: ReportData): Fact[] {
  const { backbone, imported, engine, inputSize, flowSteps, normalization } = model.manifest;
  return [
    [
      "model",
      html`${name(basename(evaluation.model))}, ${(model.bytes / 1e6).toFixed(1)} MB, written by uflow ${engine}`,
    ],
    ["SHA-256", html`<code>${model.sha256}</code>`],
    [
      "backbone",
      html`${name(backbone.name)}, input ${inputSize} pixels, ${count(flowSteps, "flow step")}, normalization ${normalization}`,
    ],
    ...(imported ? [importedFact(imported)] : []),
  ];
}

const importedFact = ({ file, sha256 }: { file: string; sha256: string }): Fact => [
  "imported from",
  html`${name(file)}, SHA-256 <code>${sha256}</code>`,
];

function dataFacts({ evaluation, dataFingerprint }: ReportData): Fact[] {
  const { data, images } = evaluation;
  return [
    ["images", html`${name(data)}: ${images.good} good, ${images.defective} defective`],
    ["fingerprint", html`<code>${dataFingerprint}</code>`],
  ];
}

function settings({ evaluation, model }: ReportData): Fact[] {
  const { operatingPoint, mapSize, timings, device } = evaluation;
  const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  return [
    ["detection", `${operatingPoint.text}; maps of ${mapSize} × ${mapSize} pixels`],
    ...lookedAt(evaluation, model),
    [
      "time per image",
      `${ms(timings.total)} (median): decoding ${ms(timings.decode)}, preprocessing ${ms(timings.preprocess)}, networks ${ms(timings.network)} on ${device}, segmentation ${ms(timings.segment)}`,
    ],
  ];
}

/** The part of the images that counts, where it is not all of them: the options', else the model's. */
function lookedAt(
  { region: otherRegion, ignore: otherIgnore }: ReportData["evaluation"],
  { manifest }: ReportData["model"],
): Fact[] {
  const region = otherRegion === undefined ? manifest.region : otherRegion;
  const ignore = otherIgnore === undefined ? manifest.ignore : otherIgnore;
  const polygons = count(ignore?.polygons?.length ?? 0, "polygon");
  return [
    ...(region
      ? ([["region", `${region.width} × ${region.height} pixels at ${region.x}, ${region.y}`]] as Fact[])
      : []),
    ...(ignore ? ([["ignored", ignore.mask ? `${polygons} and a mask` : polygons]] as Fact[]) : []),
  ];
}

function machineFacts({ machine }: ReportData): Fact[] {
  const { host, os, cpu, threads, instructionSet, engine, onnxruntime, node } = machine;
  return [
    ["machine", `${host}, ${os}, ${cpu}, ${count(threads, "thread")}, ${instructionSet}`],
    ["versions", `uflow ${engine}, ONNX Runtime ${onnxruntime}, Node ${node}`],
  ];
}

/** The command line of this evaluation, for a POSIX shell. */
export function commandOf({ evaluation }: Pick<ReportData, "evaluation">): string {
  const { model, data, layout, operatingPoint, mapSize } = evaluation;
  const place = layout === undefined ? [] : ["--layout", layout];
  const words = ["uflow", "evaluate", model, "--data", data, ...place, "--out", "DIR"];
  const settings = [...flagsOf(operatingPoint), "--map-size", mapSize, ...areaFlags(evaluation)].map(String);
  return [...words, ...settings].map(shellWord).join(" ");
}

type Words = (string | number)[];

function flagsOf({ epsilon, nfa, tail, tests, background, falseRejects }: OperatingPoint): Words {
  const threshold = falseRejects
    ? ["--false-rejects", falseRejects.oneIn, "--confidence", falseRejects.confidence]
    : ["--epsilon", epsilon];
  if (nfa === "block") return [...threshold, "--nfa", nfa];
  return [...threshold, "--tail", tail, "--tests", tests, "--background", background];
}

function areaFlags({ region, ignore }: ReportData["evaluation"]): Words {
  const of = (name: string, values: string[] | undefined) => values?.flatMap((value) => [name, value]) ?? [];
  const ignored = ignore && [
    ...(ignore.polygons ?? []).map((polygon) => polygon.map((point) => point.join(",")).join(" ")),
    ...(ignore.mask === undefined ? [] : [ignore.mask]),
  ];
  const looked = region && [[region.x, region.y, region.width, region.height].join(",")];
  return [
    ...of("--region", looked === null ? ["none"] : looked),
    ...of("--ignore", ignored === null ? ["none"] : ignored),
  ];
}
