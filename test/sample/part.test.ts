import { beforeAll, describe, expect, it } from "vitest";
import { defectKinds, makePart, type Part, type ProductName, productNames } from "#uflow/sample/index.js";

const side = 128;
const part = (product: ProductName, defect: string, index: number, seed = 0) =>
  makePart(product, { side, seed, index, defect });
const share = ({ mask }: Part) => mask.reduce((sum, inside) => sum + inside, 0) / mask.length;

describe.each(productNames)("%s", (product) => {
  it("makes the same bytes from the same seed and index, and others from others", () => {
    const first = part(product, "good", 3).image.data;
    expect(part(product, "good", 3).image.data).toEqual(first);
    expect(part(product, "good", 4).image.data).not.toEqual(first);
    expect(part(product, "good", 3, 1).image.data).not.toEqual(first);
  });

  it("makes pictures that are neither black, burnt out nor flat", () => {
    for (let index = 0; index < 5; index++) {
      const { data, width, height, channels } = part(product, "good", index).image;
      expect([width, height, channels, data.length]).toEqual([side, side, 3, 3 * side * side]);
      const mean = data.reduce((sum, level) => sum + level, 0) / data.length;
      const burnt = data.reduce((count, level) => count + (level >= 254 ? 1 : 0), 0) / data.length;
      const deviation = Math.sqrt(data.reduce((sum, level) => sum + (level - mean) ** 2, 0) / data.length);
      expect(mean).toBeGreaterThan(60);
      expect(mean).toBeLessThan(200);
      expect(burnt).toBeLessThan(0.01);
      expect(deviation).toBeGreaterThan(20);
    }
  });

  it("leaves the mask of a good part empty", () => {
    const { mask, defect } = part(product, "good", 0);
    expect(defect).toBe("good");
    expect(mask).toEqual(new Uint8Array(side * side));
  });
});

describe.each(productNames.flatMap((product) => defectKinds[product].map((kind) => ({ product, kind }))))(
  "$product with $kind",
  ({ product, kind }) => {
    let bad: Part[];
    beforeAll(() => {
      bad = Array.from({ length: 12 }, (_, index) => part(product, kind, index));
    });

    it("has a mask of a sensible size, whatever the index", () => {
      for (const [index, each] of bad.entries()) {
        expect(share(each), `index ${index}`).toBeGreaterThan(0.0005);
        expect(share(each), `index ${index}`).toBeLessThan(0.3);
      }
    });

    it("differs from the part without the defect inside the mask, and only there", () => {
      for (const [index, { image, mask }] of bad.entries()) {
        const good = part(product, "good", index).image.data;
        const [inside, outside] = differences(good, image.data, mask);
        expect(inside.mean, `index ${index}`).toBeGreaterThan(6);
        expect(outside.mean, `index ${index}`).toBeLessThan(0.25);
        // A step beside the outline can be large in one pixel: the mask is of means over 3 × 3.
        expect(outside.largest, `index ${index}`).toBeLessThan(9 * 6 + 2);
      }
    });

    it("is not the same every time", () => {
      expect(bad[1]!.mask).not.toEqual(bad[0]!.mask);
    });
  },
);

/** Per pixel the largest difference of a channel, 8-bit levels. */
function differences(good: Uint8Array, bad: Uint8Array, mask: Uint8Array) {
  const of = { 0: { sum: 0, count: 0, largest: 0 }, 1: { sum: 0, count: 0, largest: 0 } };
  for (const [k, inside] of mask.entries()) {
    const channels = [0, 1, 2].map((channel) => Math.abs(good[3 * k + channel]! - bad[3 * k + channel]!));
    const side = of[inside as 0 | 1];
    side.count++;
    side.sum += Math.max(...channels);
    side.largest = Math.max(side.largest, ...channels);
  }
  return [of[1], of[0]].map(({ sum, count, largest }) => ({ mean: sum / count, largest })) as [
    Summary,
    Summary,
  ];
}

interface Summary {
  mean: number;
  largest: number;
}

it("draws the same part at every size", () => {
  const [small, large] = [128, 256].map((side) =>
    makePart("plate", { side, seed: 0, index: 0, defect: "dent" }),
  );
  const mean = (each: Part) =>
    each.image.data.reduce((sum, level) => sum + level, 0) / each.image.data.length;
  expect(mean(small!)).toBeCloseTo(mean(large!), -1);
  expect(share(small!)).toBeCloseTo(share(large!), 2);
});

it("names every option that is wrong", () => {
  const wrong = { side: 10, seed: -1, index: 0.5, defect: "dent" };
  expect(() => makePart("fabric", wrong)).toThrow(/side.*seed.*index.*defect/);
  expect(() => makePart("shoe" as ProductName, { side, seed: 0, index: 0, defect: "good" })).toThrow(
    /product.*"shoe"/,
  );
  expect(() => makePart("toString" as ProductName, { side, seed: 0, index: 0, defect: "good" })).toThrow(
    /product/,
  );
});
