import { describe, expect, it } from "vitest";
import { auproByIndex } from "#uflow/evaluate/metrics/aupro-by-index.js";
import { goldenCases } from "./golden-metrics.js";

describe.each(goldenCases)("the reference's case $name", ({ scores, masks, expected }) => {
  it.each(Object.entries(expected.aupro_by_index))("has the reference's value up to %s", (limit, value) => {
    // One case has no value: there the reference stops.
    if (value === null) return;
    expect(auproByIndex(scores, masks, { limit: Number(limit) })).toBeCloseTo(value, 6);
  });
});

const strip = (...values: number[]) => ({ data: Float32Array.from(values), width: values.length, height: 1 });
const truth = (...values: number[]) => ({ data: Uint8Array.from(values), width: values.length, height: 1 });

it("is 1 when all is told apart", () => {
  expect(auproByIndex([strip(9, 8, 1, 2, 3)], [truth(1, 1, 0, 0, 0)], { limit: 1 })).toBe(1);
});

it("is null without a defect, without a normal pixel, or without images", () => {
  expect(auproByIndex([], [])).toBeNull();
  expect(auproByIndex([strip(1, 2)], [truth(0, 0)])).toBeNull();
  expect(auproByIndex([strip(1, 2)], [truth(1, 1)])).toBeNull();
});

it("refuses NaN and impossible limits", () => {
  const refused = (work: () => unknown) =>
    expect(work).toThrowError(expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR" }));
  refused(() => auproByIndex([strip(1, Number.NaN)], [truth(0, 1)]));
  refused(() => auproByIndex([strip(1, 2)], [truth(0, 1)], { limit: 0 }));
});
