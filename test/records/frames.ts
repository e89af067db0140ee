import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Inspection, Outcome } from "#uflow/inspect/inspection.js";
import type { FrameRecord, RecordSettings } from "#uflow/records/record.js";
import { type Recordable, Recorder } from "#uflow/records/recorder.js";

export const settings: RecordSettings = {
  operatingPoint: {
    epsilon: 1,
    logEpsilon: 0,
    nfa: "tree",
    tail: "exact",
    tests: "per-scale",
    background: "ideal",
    falseRejects: null,
    text: "regions, tail exact",
  },
  options: { mapSize: 64 },
  device: "cpu",
  engine: "0.0.0",
};

export const undecided: Outcome = {
  verdict: "undecided",
  reason: "deadline",
  error: { code: "ERR_UFLOW_BUSY", message: "too late" },
};

/** An outcome with maps of 2 × 2 pixels. */
export function inspection(anomalous = false): Inspection {
  const map = { data: Float32Array.of(0.1, 0.2, 0.3, 1 / 3), width: 2, height: 2 };
  const box = { x: 1, y: 2, width: 3, height: 4 };
  const contour: [number, number][] = [
    [0.1, 0.2],
    [1 / 3, 4],
    [2, 2],
  ];
  const region = {
    logNfa: -1 / 3,
    area: 12,
    box,
    centroid: { x: 1, y: 2 },
    peak: { x: 1, y: 2, score: 0.9 },
    contour,
    holes: [],
  };
  return {
    verdict: anomalous ? "anomalous" : "good",
    anomalous,
    logNfa: anomalous ? -1 / 3 : 0.1 + 0.2,
    anomalyScore: 1 / 3,
    anomalyMap: map,
    logNfaMap: map,
    mask: { data: Uint8Array.of(0, 0, 0, Number(anomalous)), width: 2, height: 2 },
    regions: anomalous ? [region] : [],
    image: { width: 8, height: 8 },
    area: { x: 2, y: 1, width: 4, height: 6 },
    meanEnergies: [1.1, 0.9],
    model: "b".repeat(64),
    timings: { wait: 0, decode: 1, preprocess: 2, network: 3, segment: 4, total: 10 },
  };
}

export const recordable = (more: Partial<Recordable> = {}): Recordable => ({
  outcome: inspection(),
  image: { name: "part.png", sha256: "a".repeat(64) },
  station: "press 1",
  model: { name: "disc", sha256: "b".repeat(64) },
  settings,
  ...more,
});

/** `count` records in a row. */
export function records(
  count: number,
  more: Partial<Recordable> = {},
  recorder = new Recorder(),
): FrameRecord[] {
  return Array.from({ length: count }, () => recorder.record(recordable(more)));
}

/** An empty folder, removed with `Symbol.asyncDispose`. */
export async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), "uflow-records-"));
  return {
    folder,
    path: (...names: string[]) => join(folder, ...names),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Waits until something holds, for ten seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > 60_000) throw new Error(`never: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
