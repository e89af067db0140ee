import { expect, it } from "vitest";
import { shapeWarnings } from "#uflow/image/shapes.js";

const size = (width: number, height: number) => ({ width, height });

it("nothing is said of images of one shape that is nearly square, whatever their sizes", () => {
  expect(shapeWarnings([])).toEqual([]);
  expect(shapeWarnings([size(640, 480), size(1280, 960), size(500, 400)])).toEqual([]);
});

it("different shapes are told with the tallest and the widest", () => {
  expect(shapeWarnings([size(100, 100), size(100, 130), size(120, 100)])).toEqual([
    expect.stringMatching(/^images have different shapes, from 100 × 130 to 120 × 100, /),
  ]);
});

it("long images are better seen in tiles of their shorter side, lying or upright", () => {
  expect(shapeWarnings([size(500, 1240), size(500, 1260), size(500, 1270)])).toEqual([
    expect.stringMatching(/^images of 500 × 1260 pixels are squeezed .* tileSize 500 \(--tile-size 500\)$/),
  ]);
  expect(shapeWarnings([size(2000, 300)])).toEqual([expect.stringContaining("--tile-size 300")]);
  // One long image among others is only of another shape.
  expect(shapeWarnings([size(100, 100), size(100, 100), size(300, 100)])).toHaveLength(1);
});
