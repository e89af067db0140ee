import { describe, expect, it } from "vitest";
import type { Calibration } from "#uflow/a-contrario/calibration.js";
import type { OperatingPoint } from "#uflow/a-contrario/operating-point.js";
import { resolveOperatingPoint } from "#uflow/a-contrario/operating-point.js";
import { DriftMonitor, type DriftOptions, type DriftState } from "#uflow/drift/index.js";
import type { Inspection, Undecided } from "#uflow/inspect/inspection.js";
import { Random } from "#uflow/random.js";
import { randomModel } from "../fixtures/random-model.js";

const model = "a".repeat(64);
const background = { scale: 1, dof: 8, area: 2 };

/** Numbers of a good part: its own strangeness is in all of them. */
interface Numbers {
  logNfa: number;
  meanEnergies: number[];
}

function goodPart(random: Random, shift: Partial<Record<"energy" | "logNfa", number>> = {}): Numbers {
  const strangeness = random.normal();
  const energy = () => Math.exp(0.05 * (strangeness + random.normal()) + (shift.energy ?? 0));
  return {
    logNfa: 3 - 1.5 * strangeness + random.normal() + (shift.logNfa ?? 0),
    meanEnergies: [energy(), energy()],
  };
}

function calibrationOn(parts: readonly Numbers[]): Calibration {
  const sorted = [...parts].sort((a, b) => a.logNfa - b.logNfa);
  return {
    version: 1,
    images: parts.length,
    scales: [background, background],
    joint: background,
    test: { tests: "by-size", tail: "exact", mapSize: 32 },
    logNfa: sorted.map(({ logNfa }) => logNfa),
    anomalyScore: sorted.map((_, i) => i / parts.length),
    meanEnergies: sorted.map(({ meanEnergies }) => meanEnergies),
  };
}

function monitorOn(
  calibration: Calibration | undefined,
  { point = {}, ...options }: DriftOptions & { point?: object } = {},
): DriftMonitor {
  const { manifest } = randomModel();
  const operatingPoint: OperatingPoint = resolveOperatingPoint({ nfa: "tree", ...point }, calibration, {
    mapSize: 32,
    precision: "float32",
  });
  const monitored = { manifest: { ...manifest, ...(calibration && { calibration }) }, operatingPoint, model };
  return new DriftMonitor(monitored, options);
}

const inspected = ({ logNfa, meanEnergies }: Numbers): Inspection => {
  const verdict = logNfa < 0 ? "anomalous" : "good";
  return { verdict, anomalous: logNfa < 0, logNfa, meanEnergies, model } as Inspection;
};

const defective = (random: Random): Numbers => ({
  logNfa: -20 - 5 * random.uniform(),
  meanEnergies: [3 + random.uniform(), 2 + random.uniform()],
});

const calibrated = (seed: number, images: number) => {
  const random = new Random(seed);
  return calibrationOn(Array.from({ length: images }, () => goodPart(random)));
};

/** Parts until the alarm; undefined: not within the limit. */
function partsToAlarm(monitor: DriftMonitor, limit: number, part: () => Numbers): number | undefined {
  for (let parts = 1; parts <= limit; parts++) {
    if (monitor.add(inspected(part())) && monitor.state.state === "alarm") return parts;
  }
  return undefined;
}

describe("the monitor's own false alarms", () => {
  // The promise is made weak enough to be seen: one expected in 20 000 parts, over as many calibrations.
  it.each([8, 40])("are as rare as it says, with %i images in the calibration", (images) => {
    const parts = 2000;
    const lines = 150;
    let alarms = 0;
    for (let line = 0; line < lines; line++) {
      const monitor = monitorOn(calibrated(line, images), { window: 20, oneFalseAlarmIn: 20_000 });
      const random = new Random(1000 + line);
      for (let i = 0; i < parts; i++) monitor.add(inspected(goodPart(random)));
      alarms += monitor.state.alarms;
    }
    const expected = (parts * lines) / 20_000;
    expect(alarms).toBeLessThanOrEqual(expected);
  });

  it("do not come of defective parts, up to the share that it was told", () => {
    let rejected = 0;
    for (let line = 0; line < 20; line++) {
      const monitor = monitorOn(calibrated(line, 40));
      const random = new Random(2000 + line);
      for (let i = 0; i < 3000; i++) {
        monitor.add(inspected(random.uniform() < 0.2 ? defective(random) : goodPart(random)));
      }
      const { alarms, state, findings } = monitor.state;
      expect(alarms).toBe(0);
      expect(["watch", "ok"]).toContain(state);
      rejected += findings.filter(({ what }) => what === "rejected").length;
    }
    expect(rejected).toBeGreaterThan(5);
  });

  it("do not come of missed defects either", () => {
    const monitor = monitorOn(calibrated(3, 40), { missed: 0.05 });
    const random = new Random(5);
    for (let i = 0; i < 5000; i++) {
      const missed = i % 25 === 0;
      monitor.add(inspected(missed ? { logNfa: 0.1, meanEnergies: [2, 2] } : goodPart(random)));
    }
    expect(monitor.state.alarms).toBe(0);
  });
});

describe("a drift", () => {
  it.each([
    ["more energy, as by other light", { energy: 0.3 }, /stranger/],
    ["less energy, as out of focus", { energy: -0.3 }, /plainer.*missed/],
    ["smaller log NFA alone", { logNfa: -12 }, /stranger/],
    ["larger log NFA alone", { logNfa: 12 }, /plainer/],
  ])("of all parts to %s is found within two windows", (_, shift, text) => {
    for (const images of [6, 12, 60]) {
      const monitor = monitorOn(calibrated(images, images));
      const random = new Random(images);
      for (let i = 0; i < 250; i++) monitor.add(inspected(goodPart(random)));
      expect(monitor.state.state).not.toBe("alarm");
      expect(partsToAlarm(monitor, 200, () => goodPart(random, shift))).toBeLessThanOrEqual(200);
      expect(monitor.state.text).toMatch(text);
      expect(monitor.state.text).toMatch(/Look at light/);
    }
  });

  it("that makes all parts anomalous is found, though none is called good", () => {
    const monitor = monitorOn(calibrated(1, 20));
    const random = new Random(1);
    expect(partsToAlarm(monitor, 200, () => ({ ...goodPart(random, { energy: 1 }), logNfa: -9 }))).toBe(100);
    expect(monitor.state.good).toBe(0);
    expect(monitor.state.findings[0]).toMatchObject({ level: "alarm", parts: "all", count: 100 });
  });

  it("holds its alarm until a window shows nothing, or until it is reset", () => {
    const random = new Random(4);
    const monitor = monitorOn(calibrated(4, 40));
    const feed = (count: number, shift = {}) => {
      for (let i = 0; i < count; i++) monitor.add(inspected(goodPart(random, shift)));
      return monitor.state;
    };
    expect(feed(200, { energy: 0.4 }).state).toBe("alarm");
    expect(feed(50).state).toBe("alarm");
    expect(feed(250).state).toBe("ok");
    expect(feed(200, { energy: 0.4 }).state).toBe("alarm");
    monitor.reset();
    expect(monitor.state).toMatchObject({ state: "unknown", parts: 0, alarms: 0, findings: [] });
  });
});

describe("what cannot be known", () => {
  const random = new Random(9);
  const fed = (monitor: DriftMonitor, shift = {}): DriftState => {
    for (let i = 0; i < 200; i++) monitor.add(inspected(goodPart(random, shift)));
    return monitor.state;
  };

  it("is said, with what to do", () => {
    expect(fed(monitorOn(undefined))).toMatchObject({
      state: "unknown",
      text: expect.stringMatching(/no calibration.*uflow calibrate/),
    });
    expect(fed(monitorOn(calibrated(1, 2)), { energy: 1 })).toMatchObject({
      state: "unknown",
      text: expect.stringMatching(/2 good images.*too few/),
    });
    const early = monitorOn(calibrated(1, 20));
    early.add(inspected(goodPart(random)));
    expect(early.state.text).toBe("1 of the 100 parts that are judged together are there.");
  });

  it("does not hide what can be: energies where log NFA is of another test, log NFA of an older calibration", () => {
    const other = monitorOn(calibrated(1, 20), { point: { tests: "per-scale" } });
    expect(fed(other)).toMatchObject({ state: "ok", logNfa: { calibration: null } });
    expect(fed(other, { energy: 0.5 }).state).toBe("alarm");
    const { meanEnergies: _, ...older } = calibrated(1, 20);
    const state = fed(monitorOn(older), { logNfa: -7 });
    expect(state).toMatchObject({ state: "alarm", energies: [{ calibration: null }, { calibration: null }] });
  });
});

describe("hostile numbers", () => {
  const calibration = calibrated(2, 20);

  it("are ignored, as are parts of another model and undecided ones", () => {
    const monitor = monitorOn(calibration);
    const part = inspected({ logNfa: 2, meanEnergies: [1, 1] });
    const undecided = { verdict: "undecided", reason: "deadline" } as Undecided;
    for (const wrong of [
      undecided,
      { ...part, model: "b".repeat(64) },
      { ...part, logNfa: Number.NaN },
      { ...part, meanEnergies: [1, Number.NaN] },
      { ...part, meanEnergies: [1] },
    ]) {
      expect(monitor.add(wrong)).toBe(false);
    }
    expect(monitor.state).toMatchObject({ parts: 0, good: 0, ignored: 5 });
  });

  it("without end are counted, and the state stays JSON", () => {
    const monitor = monitorOn(calibration);
    for (let i = 0; i < 100; i++) {
      monitor.add({ ...inspected({ logNfa: 2, meanEnergies: [Infinity, 0] }), verdict: "good" });
    }
    const { state } = monitor;
    expect(state.state).toBe("alarm");
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    expect(state.energies[0]!.recent).toBeNull();
  });

  it.each([
    [{ window: 5 }, /window/],
    [{ oneFalseAlarmIn: 1000 }, /at least 1000 windows/],
    [{ oneFalseAlarmIn: Number.NaN }, /oneFalseAlarmIn/],
    [{ defects: 0.9 }, /defects/],
  ])("%o among the options are refused", (options, message) => {
    expect(() => monitorOn(calibration, options)).toThrow(
      expect.objectContaining({ code: "ERR_UFLOW_BAD_OPTION", message: expect.stringMatching(message) }),
    );
  });
});
