import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Inspection } from "#uflow/inspect/index.js";
import { Meter } from "#uflow/inspect/meter.js";

/** The monotonic clock, in seconds. */
let now = 1000;

beforeEach(() => {
  now = 1000;
  vi.spyOn(process, "hrtime").mockImplementation((() => [
    Math.floor(now),
    Math.round(1e9 * (now % 1)),
  ]) as typeof process.hrtime);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const load = { queued: 3, underWay: 2, lanes: 1 };

function inspection(total: number, verdict: Inspection["verdict"] = "good"): Inspection {
  const timings = { wait: 0, decode: 1, preprocess: 2, network: 3, segment: 4, total };
  return { verdict, timings } as Inspection;
}

it("counts what becomes of images, and says nothing of what it has not seen", () => {
  const meter = new Meter();
  expect(meter.stats(load)).toMatchObject({
    ...load,
    accepted: 0,
    good: 0,
    throughput: 0,
    latency: null,
    lastProblem: null,
  });
  for (const what of ["accepted", "accepted", "undecided", "failed", "withdrawn", "refused"] as const) {
    meter.count(what);
  }
  meter.verdict(inspection(10));
  meter.verdict(inspection(10, "anomalous"));
  meter.laneDied("it fell");
  expect(meter.stats(load)).toMatchObject({
    accepted: 2,
    good: 1,
    anomalous: 1,
    undecided: 1,
    failed: 1,
    withdrawn: 1,
    refused: 1,
    retried: 0,
    replacedLanes: 1,
    lastProblem: "it fell",
  });
});

it("has percentiles to two digits", () => {
  const meter = new Meter();
  for (let i = 1; i <= 1000; i++) meter.verdict(inspection(i));
  const { latency } = meter.stats(load);
  for (const [share, wanted] of [
    ["p50", 500],
    ["p95", 950],
    ["p99", 990],
  ] as const) {
    expect(Math.abs(latency!.total[share] / wanted - 1)).toBeLessThan(0.01);
  }
  expect(latency!.network.p50).toBeCloseTo(3, 1);
  expect(latency!.wait.p99).toBeLessThan(0.002);
});

it("forgets times of more than two minutes ago", () => {
  const meter = new Meter();
  meter.verdict(inspection(1000));
  now += 61;
  meter.verdict(inspection(10));
  expect(meter.stats(load).latency!.total.p99).toBeGreaterThan(900);
  now += 61;
  meter.verdict(inspection(10));
  expect(meter.stats(load).latency!.total.p99).toBeLessThan(11);
  now += 200;
  expect(meter.stats(load).latency).toBeNull();
});

it("measures the pace of the last ten seconds", () => {
  const meter = new Meter();
  for (let i = 0; i < 300; i++) {
    now += 0.1;
    meter.verdict(inspection(1));
  }
  expect(meter.stats(load).throughput).toBeCloseTo(10, 0);
  now += 5;
  expect(meter.stats(load).throughput).toBeCloseTo(5, 0);
  now += 60;
  expect(meter.stats(load).throughput).toBe(0);
});

it("survives times that are no times", () => {
  const meter = new Meter();
  meter.verdict(inspection(1e12));
  meter.verdict(inspection(-5));
  expect(meter.stats(load).latency!.total.p99).toBeLessThanOrEqual(3.7e6);
});
