import { expect, it } from "vitest";
import { fromSent, toSent } from "#uflow/inspect/sent-regions.js";
import { type Region, regions } from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";

it("come out as they went in, holes and all", () => {
  const random = new Random(3);
  const side = 40;
  const data = Float32Array.from({ length: side * side }, () => random.between(-1, 0.6));
  const found = regions({ data, width: side, height: side });
  expect(found.some(({ holes }) => holes.length > 1)).toBe(true);
  const sent = structuredClone(toSent(found));
  expect(fromSent(sent)).toEqual(found);
});

it("are none of none", () => {
  expect(fromSent(toSent([]))).toEqual([]);
});

it("may have an empty contour", () => {
  const box = { x: 0, y: 0, width: 1, height: 1 };
  const none = {
    logNfa: -1,
    area: 1,
    box,
    centroid: box,
    peak: { ...box, score: 1 },
    contour: [],
    holes: [],
  };
  expect(fromSent(toSent([none as Region]))).toEqual([none]);
});
