// The report for a terminal.
import { machineLine } from "./machine.mjs";
import { duration, gigabytes, textTable } from "./table.mjs";

export function reportText({ machine, memory, results, growth, skipped, failed }) {
  return [
    machineLine(machine),
    memory && `memory: reading ${gigabytes(memory.read)}, copying ${gigabytes(memory.copy)}`,
    results.length > 0 && textTable(results),
    growth.map(growthLine).join("\n"),
    [...new Set(results.flatMap(({ trial, note }) => (note ? [`${trial}: ${note}`] : [])))].join("\n"),
    skipped.map((why) => `skipped: ${why}`).join("\n"),
    failed.map((why) => `FAILED: ${why}`).join("\n"),
  ]
    .filter(Boolean)
    .join("\n\n");
}

function growthLine({ name, along, points, exponent }) {
  const [[x0, t0], [x1, t1]] = [points[0], points.at(-1)];
  return `${name}: ${x0} … ${x1} ${along} take ${duration(t0)} … ${duration(t1)}, ∝ ${along}^${exponent.toFixed(2)}`;
}
