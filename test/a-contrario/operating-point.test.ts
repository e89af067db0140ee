import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Calibration } from "#uflow/a-contrario/calibration.js";
import {
  type OperatingPointOptions,
  operatingPointShape,
  resolveOperatingPoint,
} from "#uflow/a-contrario/operating-point.js";

/** A hundred good images, whose log NFA are −20 … 79. */
const calibration: Calibration = {
  version: 1,
  images: 100,
  scales: [{ scale: 1, dof: 2, area: 3 }],
  joint: { scale: 1.1, dof: 1.9, area: 5 },
  test: { tests: "by-size", tail: "exact", mapSize: 64 },
  logNfa: Array.from({ length: 100 }, (_, i) => i - 20),
  anomalyScore: Array.from({ length: 100 }, (_, i) => i / 100),
};

const resolve = (options: OperatingPointOptions, model?: Calibration, inspection = {}) =>
  resolveOperatingPoint(z.strictObject(operatingPointShape).parse(options), model, {
    mapSize: 64,
    precision: "float32",
    ...inspection,
  });

const refused = (message: RegExp) =>
  expect.objectContaining({ code: "ERR_UFLOW_BAD_OPTION", message: expect.stringMatching(message) });

describe("the operating point", () => {
  it("is the plain one where nothing is said and nothing was calibrated", () => {
    expect(resolve({})).toEqual({
      epsilon: 1,
      logEpsilon: 0,
      nfa: "tree",
      tail: "exact",
      tests: "by-size",
      background: "ideal",
      falseRejects: null,
      text: "regions, tail exact, tests by-size, background ideal; anomalous below log NFA 0 (ε = 1, the false alarms to expect per image)",
    });
  });

  it("takes the calibrated background of a model that has one, unless told otherwise", () => {
    expect(resolve({}, calibration)).toMatchObject({ background: "calibrated", tests: "by-size" });
    expect(resolve({}, calibration).text).toContain("calibrated on 100 good images");
    expect(resolve({ background: "ideal" }, calibration)).toMatchObject({
      background: "ideal",
      tests: "by-size",
    });
    expect(resolve({ nfa: "block" }, calibration)).toMatchObject({ nfa: "block", background: "ideal" });
  });

  it("of the reference is the reference's, whatever the model has", () => {
    const reference = { nfa: "tree", tail: "chernoff", tests: "all", background: "ideal", logEpsilon: 0 };
    expect(resolve({ preset: "reference" }, calibration)).toMatchObject(reference);
    expect(resolve({ preset: "reference", tests: "all", epsilon: 100 })).toMatchObject({
      ...reference,
      logEpsilon: 2,
    });
  });

  it.each<[OperatingPointOptions, RegExp]>([
    [
      { preset: "reference", tests: "by-size" },
      /tests: preset "reference" means "all", but received "by-size"/,
    ],
    [
      { preset: "reference", tail: "exact", nfa: "block" },
      /nfa: .*"tree".*"block".*; tail: .*"chernoff".*"exact"/,
    ],
    [{ preset: "reference", background: "calibrated" }, /background: .*"ideal".*"calibrated"/],
    [{ preset: "reference", falseRejects: { oneIn: 20 } }, /falseRejects: .*preset "reference"/],
    [{ nfa: "block", tail: "exact" }, /tail: nfa "block" takes none/],
    [{ nfa: "block", falseRejects: { oneIn: 20 } }, /falseRejects: .*"block"/],
    [{ epsilon: 1, falseRejects: { oneIn: 20 } }, /falseRejects: epsilon sets the threshold too/],
    [{ background: "ideal", falseRejects: { oneIn: 20 } }, /falseRejects: .*background is "ideal"/],
    [{ tests: "all", falseRejects: { oneIn: 20 } }, /falseRejects: .*"by-size".*wanted are "exact", "all"/],
  ])("refuses %j", (options, message) => {
    expect(() => resolve(options, calibration)).toThrow(refused(message));
  });

  it.each<OperatingPointOptions>([{ background: "calibrated" }, { falseRejects: { oneIn: 20 } }])(
    "%j needs a calibration",
    (options) => {
      expect(() => resolve(options)).toThrow(
        refused(/the model has none: calibrate it with "uflow calibrate"/),
      );
    },
  );
});

describe("at most one false reject in N", () => {
  it("becomes the largest threshold that the good images vouch for", () => {
    // Of 93 images one may be rejected at 5 %, of 124 two: so of 100 one, and the second smallest is the threshold.
    const point = resolve({ falseRejects: { oneIn: 20 } }, calibration);
    expect(point).toMatchObject({ logEpsilon: -19, tests: "by-size", background: "calibrated" });
    expect(point.epsilon).toBeCloseTo(1e-19, 30);
    expect(point.falseRejects).toMatchObject({ oneIn: 20, confidence: 0.95, images: 100, rejected: 1 });
    expect(point.falseRejects!.bound).toBeLessThan(0.05);
    expect(calibration.logNfa.filter((logNfa) => logNfa < point.logEpsilon)).toHaveLength(1);
    expect(point.text).toContain(
      "below log NFA -19: at most one good part in 20 rejected, 95 % confidence (1 of 100 good images are below)",
    );
  });

  it("is stricter where it is to be surer, and looser where more may be rejected", () => {
    const threshold = (oneIn: number, confidence: number) =>
      resolve({ falseRejects: { oneIn, confidence } }, calibration).logEpsilon;
    expect(threshold(20, 0.99)).toBe(-20);
    expect(threshold(4, 0.95)).toBeGreaterThan(threshold(20, 0.95));
  });

  it("says how many good images are needed, and what those that are there can promise", () => {
    expect(() => resolve({ falseRejects: { oneIn: 1000 } }, calibration)).toThrow(
      refused(
        /one in 1000 at 95 % confidence needs 2995 good images, and the 100 .* can promise one false reject in 33 parts/,
      ),
    );
    // What it says that can be promised can be.
    expect(resolve({ falseRejects: { oneIn: 33 } }, calibration).logEpsilon).toBe(-20);
    expect(() => resolve({ falseRejects: { oneIn: 34 } }, calibration)).toThrow(
      refused(/needs 101 good images/),
    );
  });

  it("is for what the good images were judged with", () => {
    const resolved = (inspection: object) =>
      resolve({ falseRejects: { oneIn: 20 } }, calibration, inspection);
    expect(() => resolved({ mapSize: 128 })).toThrow(refused(/64 pixels.*128/));
    expect(() => resolved({ precision: "float16" })).toThrow(refused(/networks in float32/));
  });

  it("stays a number where the threshold is beyond doubles", () => {
    const far = { ...calibration, logNfa: calibration.logNfa.map((logNfa) => logNfa + 5000) };
    expect(resolve({ falseRejects: { oneIn: 20 } }, far)).toMatchObject({
      logEpsilon: 4981,
      epsilon: Number.MAX_VALUE,
    });
  });
});
