// The generated parts of docs/performance.md.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/tools.mjs";
import { growthPlot } from "./growth-plot.mjs";
import { machineLine } from "./machine.mjs";
import { duration, gigabytes, markdownTable } from "./table.mjs";

const page = join(root, "docs/performance.md");
const picture = join(root, "docs/pictures/growth.svg");

export function writeDocs(report) {
  writePart("bench", generated(report));
  writeFileSync(picture, growthPlot(report.growth));
}

/** Replaces what is between the markers of this name. */
export function writePart(name, generated) {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const text = readFileSync(page, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`expected ${page} to have the lines ${begin} and ${end}`);
  writeFileSync(page, `${text.slice(0, from + begin.length)}\n${generated}\n${text.slice(to)}`);
}

function generated({ machine, memory, results, growth, skipped }) {
  return [
    `Machine: ${machineLine(machine)}.`,
    memory && `Memory: reading ${gigabytes(memory.read)}, copying ${gigabytes(memory.copy)}.`,
    markdownTable(results),
    ...growthTable(growth),
    skipped.length > 0 && `Not measured:\n\n${skipped.map((line) => `- ${line}`).join("\n")}`,
  ]
    .filter(Boolean)
    .join("\n\n");
}

function growthTable(growth) {
  const rows = growth.map(({ task, along, points, exponent }) => {
    const [[x0, t0], [x1, t1]] = [points[0], points.at(-1)];
    return `| ${task.replace("_", " ")} | ${along} | ${x0} … ${x1} | ${duration(t0)} … ${duration(t1)} | ${exponent.toFixed(2)} |`;
  });
  return [
    "### Growth",
    ["| kernel | along | from … to | time | exponent |", "|---|---|---:|---:|---:|", ...rows].join("\n"),
  ];
}
