import { expect, it } from "vitest";
import type { Examined } from "#uflow/evaluate/examined.js";
import { falseAlarms } from "#uflow/evaluate/metrics/index.js";
import { notesOn, notesOnPromise, summarizeDefects } from "#uflow/evaluate/summary.js";

const bounds = { pixelAuroc: 0, pixelAveragePrecision: 0, aupro: 0, aupro005: 0, pixelF1Max: 0 };

/** A defective image; null: without a mask. */
const defective = (truthRegions: [] | null) =>
  ({
    kind: "scratch",
    anomalous: false,
    anomalyScore: 0.5,
    iou: truthRegions && 1,
    truthRegions,
  }) as unknown as Examined;

it.each([[null], [[]]] as const)("says that nothing is marked, and gives no mIoU then (%j)", (regions) => {
  const images = [defective(regions as [] | null)];
  const exact = { exact: true, scoreBits: 32, bounds: { ...bounds, auspro: 0, auspro005: 0 } };
  expect(notesOn(images, [], exact)).toContain(
    "No defect is marked in any mask: metrics of pixels and mIoU are unknown",
  );
  expect(summarizeDefects(images)[0]!.miou).toBeNull();
});

it("knows no pixels of a kind that is called like what every object has", () => {
  const images = [{ ...defective(null), kind: "constructor" }];
  expect(summarizeDefects(images)[0]).toMatchObject({ kind: "constructor", pixelAuroc: null, aupro: null });
});

it("says when scores did not fit into memory", () => {
  const notes = (scoreBits: number) => notesOn([], [], { exact: scoreBits === 32, scoreBits, bounds });
  expect(notes(32).join()).not.toContain("memory");
  expect(notes(29)[0]).toContain("pixel metrics rest on 29 of their 32 bits");
});

it("says what to do where the promise is broken, and not where chance explains it", () => {
  const notes = (alarms: readonly number[], epsilon: number) => notesOnPromise(falseAlarms(alarms), epsilon);
  expect(notes([3, 4, 3, 4, 3], 1)).toEqual([
    expect.stringMatching(/^More false alarms .* uflow calibrate$/),
  ]);
  expect(notes([3, 4, 3, 4, 3], 10)).toEqual([]);
  expect(notes([0, 0, 1, 2, 3], 1)).toEqual([]);
  expect(notes([], 1)).toEqual([]);
});
