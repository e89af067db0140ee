import { describe, expect, it } from "vitest";
import { type Map2d, regions } from "#uflow/kernels/index.js";
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

describe("a contour", () => {
  it("runs along the edges of the pixels, clockwise, corners only", () => {
    const [region] = regions(mapOf("...", ".11", ".1."));
    expect(region!.contour).toEqual([
      [1, 1],
      [3, 1],
      [3, 2],
      [2, 2],
      [2, 3],
      [1, 3],
    ]);
  });

  it("goes around what is filled in, and through a corner where two pixels touch", () => {
    const [ring] = regions(mapOf("111", "1.1", "111"));
    expect(ring!.contour).toEqual([
      [0, 0],
      [3, 0],
      [3, 3],
      [0, 3],
    ]);
    const [diagonal] = regions(mapOf("1.", ".1"), { connectivity: 8 });
    expect(shoelace(diagonal!.contour)).toBe(2);
  });

  it.each([4, 8] as const)(
    "encloses the region and its holes, on random maps, connectivity %i",
    (connectivity) => {
      const random = new Random(connectivity);
      for (let round = 0; round < 200; round++) {
        const [width, height] = [1 + random.below(12), 1 + random.below(12)];
        const data = Float32Array.from({ length: width * height }, () => (random.uniform() < 0.55 ? -1 : 0));
        const map = { data, width, height };
        for (const region of regions(map, { connectivity })) {
          const solid = regions(filled(map, region.contour), { connectivity })[0]!;
          expect(shoelace(region.contour)).toBe(solid.area);
          expect(solid.area).toBeGreaterThanOrEqual(region.area);
          expect(solid.box).toEqual(region.box);
        }
      }
    },
  );
});

/** Area of a polygon; positive when it runs clockwise on screen. */
function shoelace(contour: readonly (readonly [number, number])[]): number {
  return contour.reduce((sum, [x, y], i) => {
    const [u, v] = contour[(i + 1) % contour.length]!;
    return sum + (x * v - u * y) / 2;
  }, 0);
}

/** The map whose pixels are −1 inside of a polygon. */
function filled({ width, height }: Map2d, contour: readonly (readonly [number, number])[]): Map2d {
  const data = Float32Array.from({ length: width * height }, (_, i) => {
    const [px, py] = [(i % width) + 0.5, Math.floor(i / width) + 0.5];
    const crossings = contour.filter(([x, y], k) => {
      const [u, v] = contour[(k + 1) % contour.length]!;
      return x === u && x > px && Math.min(y, v) < py && py < Math.max(y, v);
    });
    return crossings.length % 2 ? -1 : 0;
  });
  return { data, width, height };
}
