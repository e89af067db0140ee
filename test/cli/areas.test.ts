import { describe, expect, it } from "vitest";
import { areaSchema, polygonsSchema } from "#uflow/areas/schemas.js";
import { area, areaOrNone, ignored, ignoredOrNone } from "#uflow/cli/areas.js";

describe("--region", () => {
  it("is four numbers, or none", () => {
    expect(area("1,2,30,40")).toEqual({ x: 1, y: 2, width: 30, height: 40 });
    expect(areaOrNone("none")).toBeNull();
    expect(areaOrNone("1,2,3,4")).toEqual(area("1,2,3,4"));
  });

  it.each(["", "1,2,3", "1,2,3,4,5", "1,2,3,x", "1 2 3 4", "1,2,3,-4"])(
    "of %j is refused by the check of areas",
    (text) => {
      expect(areaSchema.safeParse(area(text)).success).toBe(false);
    },
  );
});

describe("--ignore", () => {
  it("is a mask, polygons, or all of them", () => {
    const polygon = ignored("0,0 10.5,0 -3,7");
    expect(polygon).toEqual({
      polygons: [
        [
          [0, 0],
          [10.5, 0],
          [-3, 7],
        ],
      ],
    });
    const both = ignored("mask 1,2.png", polygon);
    expect(ignored("1,1 2,2 3,1", both)).toEqual({
      polygons: [
        [
          [0, 0],
          [10.5, 0],
          [-3, 7],
        ],
        [
          [1, 1],
          [2, 2],
          [3, 1],
        ],
      ],
      mask: "mask 1,2.png",
    });
    expect(() => ignored("other.png", both)).toThrow(/One mask/);
    expect(ignoredOrNone("none")).toBeNull();
  });

  it("of what is no polygon is refused by the check of polygons", () => {
    const { polygons } = ignored("1,2 1.2.3,4 5,6");
    expect(polygonsSchema.safeParse(polygons).success).toBe(false);
  });
});
