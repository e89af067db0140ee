import { describe, expect, it } from "vitest";
import { type Map2d, type Region, regions } from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";

/** A map from rows of characters: `.` is 0, a digit d is −d. */
function mapOf(...rows: string[]): Map2d {
  const data = Float32Array.from([...rows.join("")], (character) =>
    character === "." ? 0 : -Number(character),
  );
  return { data, height: rows.length, width: rows[0]!.length };
}

describe("a region", () => {
  it("has area, box, centroid and the peak of its smallest log NFA", () => {
    const [first, second, ...rest] = regions(mapOf("....", ".12.", ".1..", "...3"));
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ logNfa: -3, area: 1, box: { x: 3, y: 3, width: 1, height: 1 } });
    expect(second).toMatchObject({
      logNfa: -2,
      area: 3,
      box: { x: 1, y: 1, width: 2, height: 2 },
      centroid: { x: 4 / 3, y: 4 / 3 },
      peak: { x: 2, y: 1, score: 2 },
    });
  });

  it("has its peak where the score is highest, if one is given", () => {
    const score = { data: Float32Array.of(0.9, 0.1, 0.7, 0.3), height: 1, width: 4 };
    const [region] = regions(mapOf(".121"), { score });
    expect(region!.peak).toEqual({ x: 2, y: 0, score: expect.closeTo(0.7, 6) });
  });

  it("is detected strictly below log ε", () => {
    expect(regions(mapOf("12"), { logEpsilon: -1 })).toHaveLength(1);
    expect(regions(mapOf("12"), { logEpsilon: -1 })[0]!.area).toBe(1);
    expect(regions(mapOf(".."))).toEqual([]);
  });

  it("joins diagonal neighbours only when they count as connected", () => {
    const map = mapOf("1.", ".1");
    expect(regions(map)).toHaveLength(2);
    expect(regions(map, { connectivity: 8 })).toHaveLength(1);
  });
});

type Polygon = Region["contour"];

describe("a contour", () => {
  it("runs where the interpolated log NFA equals log ε, clockwise on screen", () => {
    const map = { data: Float32Array.of(1, 1, 1, 1, -3, 1, 1, 0.2, 1), height: 3, width: 3 };
    const [region, ...rest] = regions(map, { logEpsilon: -1 });
    expect(rest).toEqual([]);
    expect(sorted(region!.contour)).toEqual(
      sorted([
        [1.5, 1],
        [2, 1.5],
        [1.5, 1.5 + 2 / 3.2],
        [1, 1.5],
      ]).map((point) => point.map((value) => expect.closeTo(value, 6))),
    );
    expect(shoelace(region!.contour)).toBeGreaterThan(0);
    expect(region!.holes).toEqual([]);
  });

  it("keeps to the border of the map, with its corners", () => {
    const [all] = regions(mapOf("11", "11", "11"));
    expect(sorted(all!.contour)).toEqual([
      [0, 0],
      [0, 3],
      [2, 0],
      [2, 3],
    ]);
    const half = { data: Float32Array.of(-1, 1, -1, 1), height: 2, width: 2 };
    expect(sorted(regions(half)[0]!.contour)).toEqual([
      [0, 0],
      [0, 2],
      [1, 0],
      [1, 2],
    ]);
  });

  it("keeps off the centres of the pixels, however steep the map is", () => {
    const near = 63 / 64;
    const ends = (...data: number[]) => {
      const [region] = regions({ data: Float32Array.from(data), height: 1, width: 3 });
      const xs = region!.contour.map(([x]) => x - 1.5);
      return [Math.min(...xs), Math.max(...xs)];
    };
    expect(ends(0, Number.NEGATIVE_INFINITY, 3e38)).toEqual([-near, near]);
    expect(ends(Number.POSITIVE_INFINITY, -1, 3)).toEqual([-1 / 64, 0.25]);
    expect(ends(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0)).toEqual([-0.5, near]);
  });

  it("separates pixels that touch at a corner, or joins them, as they are connected", () => {
    const map = { data: Float32Array.of(-1, 1, 1, -1), height: 2, width: 2 };
    const four = regions(map);
    expect(four.map(({ contour }) => shoelace(contour))).toEqual([7 / 8, 7 / 8]);
    const eight = regions(map, { connectivity: 8 });
    expect(eight.map(({ contour }) => shoelace(contour))).toEqual([2 + 1 / 4]);
  });
});

describe("a hole", () => {
  it("has a boundary of its own, anticlockwise on screen", () => {
    const [ring, ...rest] = regions(mapOf("11111", "1...1", "1...1", "1...1", "11111"));
    expect(rest).toEqual([]);
    expect(shoelace(ring!.contour)).toBe(25);
    expect(ring!.holes).toHaveLength(1);
    const side = 2 + 2 / 64;
    expect(shoelace(ring!.holes[0]!)).toBeCloseTo(-(side ** 2 - 2 * (1 / 64) ** 2), 10);
  });

  it("does not belong to what stands in it", () => {
    const found = regions(mapOf("11111", "1...1", "1.2.1", "1...1", "11111"));
    expect(found.map(({ area, holes }) => [area, holes.length])).toEqual([
      [1, 0],
      [16, 1],
    ]);
  });

  it("is open where its corner is, unless corners connect", () => {
    const map = mapOf("111", "1.1", ".11");
    expect(regions(map)[0]!.holes).toHaveLength(0);
    expect(regions(map, { connectivity: 8 })[0]!.holes).toHaveLength(1);
  });
});

it.each([4, 8] as const)(
  "polygons contain the centres of the region's pixels and no others, connectivity %i",
  (connectivity) => {
    const random = new Random(connectivity);
    for (let round = 0; round < 100; round++) {
      const [width, height] = [1 + random.below(12), 1 + random.below(12)];
      const data = Float32Array.from({ length: width * height }, () => random.uniform() - 0.55);
      const inside = new Uint8Array(data.length);
      for (const { area, contour, holes } of regions({ data, width, height }, { connectivity })) {
        const owned = inside.map((_, i) =>
          winding([contour, ...holes], (i % width) + 0.5, Math.floor(i / width) + 0.5),
        );
        expect(owned.reduce((sum, value) => sum + value, 0)).toBe(area);
        owned.forEach((value, i) => {
          inside[i]! += value;
        });
      }
      expect([...inside]).toEqual(Array.from(data, (value) => (value < 0 ? 1 : 0)));
    }
  },
);

const sorted = (polygon: Polygon) => polygon.toSorted(([x, y], [u, v]) => x - u || y - v);

/** Area of a polygon; positive when it runs clockwise on screen. */
function shoelace(polygon: Polygon): number {
  return polygon.reduce((sum, [x, y], i) => {
    const [u, v] = polygon[(i + 1) % polygon.length]!;
    return sum + (x * v - u * y) / 2;
  }, 0);
}

/** How often the polygons go around a point, clockwise on screen. */
function winding(polygons: readonly Polygon[], px: number, py: number): number {
  const sides = polygons.flatMap((polygon) =>
    polygon.map((from, i) => [...from, ...polygon[(i + 1) % polygon.length]!] as const),
  );
  return sides.reduce((sum, [x, y, u, v]) => {
    if (y <= py === v <= py || x + ((py - y) / (v - y)) * (u - x) < px) return sum;
    return sum + (v > y ? 1 : -1);
  }, 0);
}
