import { describe, expect, it } from "vitest";
import type { IgnoredAreas, Polygon } from "#uflow/areas/ignore.js";
import { ignoredCells } from "#uflow/areas/ignored-cells.js";
import { Random } from "#uflow/random.js";

const image = { width: 40, height: 30 };
const whole = { x: 0, y: 0, ...image };
const scales = [
  { width: 20, height: 15 },
  { width: 10, height: 5 },
];

const cellsOf = (ignored: IgnoredAreas, area = whole) =>
  ignoredCells(ignored, { image, area, scales, map: { width: 8, height: 7 } });

/** Whether the point is inside, by the even-odd rule. */
function contains(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  polygon.forEach(([x0, y0], i) => {
    const [x1, y1] = polygon[(i + 1) % polygon.length]!;
    if (y0 <= y !== y1 <= y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) inside = !inside;
  });
  return inside;
}

/** The cells in which one of many points is inside, or one of many points of an edge is. */
function sampled(polygon: Polygon, { width, height }: { width: number; height: number }, area = whole) {
  const points = 12;
  const onEdges = new Set<number>();
  polygon.forEach(([x0, y0], i) => {
    const [x1, y1] = polygon[(i + 1) % polygon.length]!;
    for (let t = 0; t <= 1; t += 1 / 4096) {
      const x = Math.floor(((x0 + t * (x1 - x0) - area.x) * width) / area.width);
      const y = Math.floor(((y0 + t * (y1 - y0) - area.y) * height) / area.height);
      if (x >= 0 && x < width && y >= 0 && y < height) onEdges.add(y * width + x);
    }
  });
  return Uint8Array.from({ length: width * height }, (_, cell) => {
    if (onEdges.has(cell)) return 1;
    const [left, top] = [cell % width, Math.floor(cell / width)];
    for (let i = 0; i < points ** 2; i++) {
      const x = left + ((i % points) + 0.5) / points;
      const y = top + (Math.floor(i / points) + 0.5) / points;
      if (contains(polygon, area.x + (x * area.width) / width, area.y + (y * area.height) / height)) return 1;
    }
    return 0;
  });
}

const difference = (a: Uint8Array, b: Uint8Array) => a.filter((value, i) => value !== b[i]).length;

describe("a polygon", () => {
  it("ignores the cells that it touches, of any shape and wherever it lies", () => {
    const random = new Random(4);
    const area = { x: 5, y: 3, width: 32, height: 25 };
    for (let round = 0; round < 20; round++) {
      const polygon: Polygon = Array.from({ length: 3 + random.below(5) }, () => [
        random.between(-5, 45),
        random.between(-5, 35),
      ]);
      const { scales: found, map } = cellsOf({ polygons: [polygon] }, area);
      for (const [cells, grid] of [
        [found[0]!, scales[0]!],
        [found[1]!, scales[1]!],
        [map, { width: 8, height: 7 }],
      ] as const) {
        const wanted = sampled(polygon, grid, area);
        expect(wanted.every((value, i) => value <= cells[i]!)).toBe(true);
        expect(difference(cells, wanted)).toBeLessThanOrEqual(1);
      }
    }
  });

  it("does not touch cells along which it ends", () => {
    const square: Polygon = [
      [4, 6],
      [8, 6],
      [8, 12],
      [4, 12],
    ];
    const { scales: found } = cellsOf({ polygons: [square] });
    const wanted = [];
    for (let y = 3; y < 6; y++) for (let x = 2; x < 4; x++) wanted.push(y * 20 + x);
    const touched = [...found[0]!.keys()].filter((cell) => found[0]![cell] === 1);
    expect(touched).toEqual(wanted);
  });

  it("is not too thin to be seen", () => {
    const hair: Polygon = [
      [10.5, 1.5],
      [10.6, 1.5],
      [10.5, 28.5],
    ];
    const column = cellsOf({ polygons: [hair] }).scales[0]!.filter((_, i) => i % 20 === 5);
    expect(column).toEqual(new Uint8Array(15).fill(1));
  });
});

it("a mask ignores the cells of its white pixels, in the area that is looked at", () => {
  const data = new Uint8Array(40 * 30);
  data[17 * 40 + 25] = 255;
  data[0] = 255;
  const mask = { data, ...image, channels: 1 as const };
  const area = { x: 5, y: 3, width: 32, height: 25 };
  const pixel: Polygon = [
    [25, 17],
    [26, 17],
    [26, 18],
    [25, 18],
  ];
  expect(cellsOf({ polygons: [], mask }, area)).toEqual(cellsOf({ polygons: [pixel] }, area));
});

it("the joint energy rests on ignored cells as far as interpolation reaches", () => {
  const corner: Polygon = [
    [0, 0],
    [1, 0],
    [0, 1],
  ];
  const { joint } = cellsOf({ polygons: [corner] });
  const columns = joint.subarray(0, 20).reduce((sum, value) => sum + value, 0);
  const rows = joint.filter((_, i) => i % 20 === 0).reduce((sum, value) => sum + value, 0);
  // Its coarse cell is 2 × 3 fine ones; half the next cell is mixed with it.
  expect([columns, rows]).toEqual([3, 4]);
});

it.each([
  ["a mask of another size", { data: new Uint8Array(4), width: 2, height: 2, channels: 1 }, /mask.* 2 × 2/],
  [
    "a mask of everything",
    { data: new Uint8Array(1200).fill(255), ...image, channels: 1 },
    /all .* is ignored/,
  ],
] as const)("refuses %s", (_, mask, message) => {
  expect(() => cellsOf({ polygons: [], mask })).toThrow(message);
});
