// The results as one table: aligned for a terminal, or in Markdown.

const header = ["trial", "who", "minimum", "median", "× ours", "memory", "differs by"];

/** Rows of cells; a trial's name stands in its first row only. */
function rowsOf(results) {
  return results.map(({ trial, driver, min, median, ratio, bandwidth, difference }, i) => [
    results[i - 1]?.trial === trial ? "" : trial,
    driver,
    duration(min),
    duration(median),
    driver === "ours" ? "1" : digits(ratio),
    bandwidth ? `${Math.round(100 * bandwidth.share)} % of ${bandwidth.against}` : "",
    driver === "ours" || difference === undefined ? "" : difference === 0 ? "0" : difference.toExponential(0),
  ]);
}

export function textTable(results) {
  return alignedTable([header, ...rowsOf(results)]);
}

export function markdownTable(results) {
  return pipeTable([header, ...rowsOf(results)]);
}

/** For a terminal. The first of the rows is the header; the first two columns are text, the others numbers. */
export function alignedTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const padded = (cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]));
  return rows.map((row) => row.map(padded).join("  ").trimEnd()).join("\n");
}

/** The same in Markdown. */
export function pipeTable([header, ...rows]) {
  const alignment = ["---", "---", ...Array(header.length - 2).fill("---:")];
  return [header, alignment, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

export function duration(seconds) {
  const [unit, factor] = [
    ["s", 1],
    ["ms", 1e3],
    ["µs", 1e6],
  ].find(([, scale]) => seconds * scale >= 1) ?? ["ns", 1e9];
  return `${digits(seconds * factor)} ${unit}`;
}

export function digits(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function gigabytes(bytesPerSecond) {
  return `${(bytesPerSecond / 1e9).toFixed(1)} GB/s`;
}
