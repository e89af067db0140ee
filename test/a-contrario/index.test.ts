import { expect, it } from "vitest";
import { scaleRegion } from "#uflow/a-contrario/index.js";
import { regions } from "#uflow/kernels/index.js";

it("a region comes into the pixels of the image with all that it has", () => {
  const data = Float32Array.of(-1, -1, -1, -1, 1, -1, -1, -3, -1);
  const map = { data, height: 3, width: 3 };
  const scaled = scaleRegion(regions(map)[0]!, map, { width: 30, height: 6 });
  expect(scaled).toMatchObject({
    logNfa: -3,
    area: 8 * 10 * 2,
    box: { x: 0, y: 0, width: 30, height: 6 },
    centroid: { x: 14.5, y: 2.5 },
    peak: { x: 14.5, y: 4.5, score: 3 },
  });
  expect(scaled.contour.toSorted()).toEqual([
    [0, 0],
    [0, 6],
    [30, 0],
    [30, 6],
  ]);
  // From the hole's centre: half a pixel of the map, and a quarter where the map is twice as steep.
  expect(scaled.holes.map((hole) => hole.toSorted())).toEqual([
    [
      [10, 3],
      [15, 2],
      [15, 3.5],
      [20, 3],
    ],
  ]);
});
