import { expect, it } from "vitest";
import type { Study } from "#uflow/study/index.js";
import { publishedFor, publishedForAll } from "#uflow/study/published.js";
import { summaryMarkdown } from "#uflow/study/report.js";
import { type Metrics, metricNames, type Run } from "#uflow/study/run.js";
import { summarize, summarizeAll } from "#uflow/study/summary.js";

function runOf(seed: number, figures: Partial<Metrics>): Run {
  const none = Object.fromEntries(metricNames.map((name) => [name, null])) as Metrics;
  return { seed, key: "", metrics: { ...none, ...figures }, complete: true };
}

it("takes the standard deviation of the sample, of what is defined", () => {
  const runs = [1, 2, 6].map((aupro, seed) => runOf(seed, { aupro, pixelAuroc: seed === 0 ? 0.5 : null }));
  const { aupro, pixelAuroc, imageAuroc } = summarize(runs);
  expect(aupro.mean).toBe(3);
  expect(aupro.spread).toBeCloseTo(Math.sqrt(7), 12);
  expect(pixelAuroc).toEqual({ mean: 0.5, spread: null });
  expect(imageAuroc).toEqual({ mean: null, spread: null });
});

it("spreads the mean over categories by seed, not by category", () => {
  const easy = [runOf(0, { aupro: 0.9 }), runOf(1, { aupro: 0.8 })];
  const hard = [runOf(0, { aupro: 0.1 }), runOf(1, { aupro: 0.2 })];
  const { aupro } = summarizeAll([easy, hard], [0, 1]);
  expect(aupro.mean).toBeCloseTo(0.5, 12);
  expect(aupro.spread).toBeCloseTo(0, 12);
});

it("compares with what is published only where it is the same thing", () => {
  expect(publishedFor({ name: "bottle", layout: "mvtec" }).aupro).toBe(0.9564);
  expect(publishedFor({ name: "bottle", layout: "csv" })).toEqual({});
  expect(publishedFor({ name: "cable", layout: "mvtec" })).toEqual({});
  expect(publishedForAll([{ name: "bottle", layout: "mvtec" }])).toEqual({});
});

it("writes one table, with what is published in brackets and what has failed below", () => {
  const bottle = [runOf(0, { aupro: 0.95, falseAlarms: 0.5 }), runOf(1, { aupro: 0.97, falseAlarms: 1 })];
  const category = (name: string, runs: Run[]) => ({
    name,
    path: name,
    layout: "mvtec" as const,
    runs,
    summary: runs.length > 0 ? summarize(runs) : null,
    complete: runs.length === 2,
  });
  const study: Study = {
    data: "mvtec",
    seeds: [0, 1],
    settings: {},
    categories: [category("bottle", bottle), category("a|b", [bottle[0]!]), category("pill", [])],
    mean: summarizeAll([bottle], [0, 1]),
    failures: [{ category: "a|b", seed: 1, code: "ERR_UFLOW_DIVERGED", message: "The loss\nis NaN" }],
    complete: false,
  };
  const aligned = summaryMarkdown(study);
  const text = aligned.replaceAll(/ +/g, " ");
  expect(text).toContain(
    "| bottle | – | – (0.9865) | 0.9600 ± 0.0141 (0.9564) | – (0.6564) | – (0.6617) | 0.75 ± 0.35 |",
  );
  expect(text).toContain("| a\\|b | – | – | 0.9500 |");
  expect(text).toContain("Failed: a\\|b, seed 1: The loss is NaN");
  expect(text).toMatch(/Seeds 0, 1: mean ± standard deviation\./);
  const widths = aligned.split("\n").flatMap((line) => (line.startsWith("|") ? line.length : []));
  expect(new Set(widths).size).toBe(1);
  // Only where there is one.
  expect(text).not.toContain("sPRO");
  // One category alone has no mean over categories.
  expect(text).not.toContain("mean of");
});

it("says which means are not of all categories", () => {
  const category = (name: string, figures: Partial<Metrics>) => {
    const runs = [runOf(0, figures)];
    return { name, path: name, layout: "mvtec" as const, runs, summary: summarize(runs), complete: true };
  };
  const table = (categories: ReturnType<typeof category>[]) => {
    const mean = summarizeAll(
      categories.map(({ runs }) => runs),
      [0],
    );
    return summaryMarkdown({
      data: "d",
      seeds: [0],
      settings: {},
      categories,
      mean,
      failures: [],
      complete: true,
    });
  };
  const marked = category("marked", { imageAuroc: 0.9, pixelAuroc: 0.8 });
  const unmarked = category("unmarked", { imageAuroc: 0.7 });
  expect(table([marked, unmarked])).toContain(
    "Means are of the categories that define a figure: pixel AUROC of 1 of 2.",
  );
  expect(table([marked, marked])).not.toContain("Means are of");
  expect(table([unmarked, unmarked])).not.toContain("Means are of");
});

it("has saturated overlap where a data set defines it", () => {
  const runs = [runOf(0, { auspro005: 0.25 }), runOf(1, { auspro005: 0.75 })];
  const box = { name: "box", path: "box", layout: "mvtec-loco" as const, runs, complete: true };
  const categories = [{ ...box, summary: summarize(runs) }];
  const study = {
    data: "loco",
    seeds: [0, 1],
    settings: {},
    categories,
    mean: null,
    failures: [],
    complete: true,
  };
  expect(summaryMarkdown(study).replaceAll(/ +/g, " ")).toMatch(
    /\| AUPRO \| AU-sPRO 0\.05 \|.*\| box \| – \| – \| – \| 0\.5000 ± 0\.3536 \|/s,
  );
});
