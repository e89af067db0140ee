import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("../../bench/run.mjs", import.meta.url));
const bench = (...args: string[]) =>
  promisify(execFile)(process.execPath, [script, ...args], {
    env: { ...process.env, UFLOW_PYTHON: "no-such-python" },
  });

interface Result {
  trial: string;
  driver: string;
  min: number;
  median: number;
  ratio: number;
  difference: number;
}

interface Report {
  machine: { processor: string; instructionSet: string };
  results: Result[];
  growth: { name: string; points: [number, number][]; exponent: number }[];
  skipped: string[];
  failed: string[];
}

describe("npm run bench", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "uflow-bench-test-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("measures the drivers that are there and names the others", async () => {
    const file = join(folder, "results.json");
    const { stdout } = await bench("--quick", "--only", "anomaly-map", "--json", file);
    const report = JSON.parse(await readFile(file, "utf8")) as Report;
    expect(report.failed).toEqual([]);
    expect(stdout).toContain(report.machine.processor);
    const trials = new Set(report.results.map(({ trial }) => trial));
    expect(trials).toEqual(
      new Set(["anomaly-map R18@448", "anomaly-map MS-CaiT@448", "anomaly-map R18@256"]),
    );
    for (const trial of trials) {
      const drivers = report.results.filter((result) => result.trial === trial);
      expect(drivers.map(({ driver }) => driver).slice(0, 2)).toEqual(["ours", "plain"]);
      expect(drivers[0]).toMatchObject({ ratio: 1, difference: 0 });
      expect(drivers.every(({ min, median }) => min > 0 && median >= min)).toBe(true);
    }
    expect(report.skipped.some((why) => why.startsWith("PyTorch: Python lacks"))).toBe(true);
    expect(report.growth.map(({ name }) => name)).toEqual([
      "growth anomaly-map pixels",
      "growth anomaly-map channels",
    ]);
    expect(report.growth.every(({ points, exponent }) => points.length > 1 && exponent > 0)).toBe(true);
  });

  it("names the trials when none is chosen", async () => {
    await expect(bench("--only", "nothing")).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("anomaly-map R18@448"),
    });
  });
});
