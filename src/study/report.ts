import { join } from "node:path";
import { writeFileAtomic } from "../output/atomic-file.js";
import { csvLine } from "../output/csv.js";
import { type Published, publishedFor, publishedForAll, publishedSource } from "./published.js";
import { type MetricName, metricNames } from "./run.js";
import type { Study } from "./study.js";
import type { Spread, Summary } from "./summary.js";

/** Names of the files of a study's summary. */
export const summaryFile = "summary.json";
export const summaryTable = "summary.md";
const summaryCsv = "summary.csv";

/** Writes the summary three times: for people, for spreadsheets, for programs. @throws UflowError ERR_UFLOW_OUTPUT */
export async function writeSummary(folder: string, study: Study): Promise<void> {
  const write = (name: string, text: string) => writeFileAtomic(join(folder, name), Buffer.from(text));
  await write(summaryTable, summaryMarkdown(study));
  await write(summaryCsv, summaryAsCsv(study));
  await write(summaryFile, `${JSON.stringify(study, null, 2)}\n`);
}

interface Row {
  name: string;
  summary: Summary;
  published: Published;
}

/** A row per category that has results, and their mean. */
function rowsOf({ categories, seeds, mean }: Study): Row[] {
  const measured = categories.flatMap((category) =>
    category.summary ? [{ ...category, summary: category.summary }] : [],
  );
  const rows = measured.map(({ name, layout, summary }) => ({
    name,
    summary,
    published: publishedFor({ name, layout }),
  }));
  const finished = measured.filter(({ runs }) => runs.length === seeds.length);
  if (!mean || finished.length < 2) return rows;
  const published = publishedForAll(finished);
  return [...rows, { name: `mean of ${finished.length}`, summary: mean, published }];
}

const columns: Record<MetricName, { title: string; digits: number }> = {
  imageAuroc: { title: "image AUROC", digits: 4 },
  pixelAuroc: { title: "pixel AUROC", digits: 4 },
  aupro: { title: "AUPRO", digits: 4 },
  auspro005: { title: "AU-sPRO 0.05", digits: 4 },
  miouAutomatic: { title: "mIoU automatic", digits: 4 },
  miouOracle: { title: "mIoU oracle", digits: 4 },
  falseAlarms: { title: "false alarms per good image", digits: 2 },
  trainingSeconds: { title: "training, s", digits: 0 },
  millisecondsPerImage: { title: "per image, ms", digits: 0 },
};

/** The table as people read it: GitHub's Markdown, in columns of a terminal too. */
export function summaryMarkdown(study: Study): string {
  const rows = rowsOf(study);
  // Only MVTec LOCO defines it.
  const saturated = rows.some(({ summary }) => summary.auspro005.mean !== null);
  const names = metricNames.filter((name) => name !== "auspro005" || saturated);
  const head = ["category", ...names.map((name) => columns[name].title)];
  const lines = [head, ...rows.map((row) => [escaped(row.name), ...names.map((name) => cell(row, name))])];
  const compared = rows.some(({ published }) => Object.keys(published).length > 0);
  return [
    markdownTable(lines),
    `Seeds ${study.seeds.join(", ")}: mean${study.seeds.length > 1 ? " ± standard deviation" : ""}.`,
    ...meansOfFewer(study, names),
    ...(compared ? [`In brackets what is published: ${publishedSource}.`] : []),
    ...study.categories
      .filter(({ complete }) => !complete)
      .map(({ name }) => `Not complete: ${escaped(name)}.`),
    ...study.failures.map(
      ({ category, seed, message }) => `Failed: ${escaped(category)}${ofSeed(seed)}: ${escaped(message)}`,
    ),
  ]
    .join("\n\n")
    .concat("\n");
}

/** Which figures of the last row are not of all categories: a set without masks has no metrics of pixels. */
function meansOfFewer({ categories, seeds, mean }: Study, names: readonly MetricName[]): string[] {
  const finished = categories.filter(({ runs }) => runs.length === seeds.length);
  if (!mean || finished.length < 2) return [];
  const fewer = names.flatMap((name) => {
    const known = finished.filter(({ summary }) => summary !== null && summary[name].mean !== null).length;
    const isOfFewer = known > 0 && known < finished.length;
    return isOfFewer ? [`${columns[name].title} of ${known} of ${finished.length}`] : [];
  });
  return fewer.length > 0 ? [`Means are of the categories that define a figure: ${fewer.join(", ")}.`] : [];
}

/** The first column is text, all others are numbers. */
function markdownTable([head, ...rows]: readonly (readonly string[])[]): string {
  const widths = head!.map((_, i) => Math.max(4, ...[head!, ...rows].map((cells) => cells[i]!.length)));
  const padded = (cells: readonly string[]) =>
    cells.map((text, i) => (i === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[i]!)));
  const rule = widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [padded(head!), rule, ...rows.map(padded)].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export const ofSeed = (seed: number | null) => (seed === null ? "" : `, seed ${seed}`);

function cell({ summary, published }: Row, name: MetricName): string {
  const { digits } = columns[name];
  const { mean, spread } = summary[name];
  const known = published[name];
  return [
    mean === null ? "–" : mean.toFixed(digits),
    ...(spread === null ? [] : [`± ${spread.toFixed(digits)}`]),
    ...(known === undefined ? [] : [`(${known.toFixed(digits)})`]),
  ].join(" ");
}

const escaped = (text: string) => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");

/** Three columns per metric: mean, spread and what is published; empty where there is none. */
function summaryAsCsv(study: Study): string {
  const head = metricNames.flatMap((name) => [name, `${name}Spread`, `${name}Published`]);
  const figures = ({ mean, spread }: Spread, published: number | undefined) => [
    mean ?? "",
    spread ?? "",
    published ?? "",
  ];
  const lines = rowsOf(study).map(({ name, summary, published }) => [
    name,
    ...metricNames.flatMap((metric) => figures(summary[metric], published[metric])),
  ]);
  return [["category", ...head], ...lines].map(csvLine).join("");
}
