import { describe, expect, it } from "vitest";
import { type Comparable, excess, figuresOf, limits } from "#uflow/verify/figures.js";

function image(values: Partial<{ map: number[]; mask: number[]; logNfa: number; anomalous: boolean }> = {}) {
  const { map = [0, 0.5], mask = [0, 0], logNfa = -10, anomalous = false } = values;
  const size = { width: 2, height: 1 };
  return {
    name: "a",
    anomalous,
    logNfa,
    anomalyMap: { data: Float32Array.from(map), ...size },
    mask: { data: Uint8Array.from(mask), ...size },
  } satisfies Comparable;
}

const compare = (got: Comparable, wanted: Comparable = image()) =>
  figuresOf([image(), got], [image(), wanted]);

describe("figures", () => {
  it("of equal images are those of no difference, and pass", () => {
    const figures = compare(image());
    expect(figures).toEqual({ anomalyMap: 0, logNfa: 0, relativeLogNfa: 0, maskIou: 1, verdicts: [] });
    expect(excess(figures, limits.float32)).toEqual([]);
  });

  it("are the worst of all images", () => {
    const got = image({ map: [0.25, 0.5], mask: [1, 1], logNfa: -12, anomalous: true });
    const figures = compare(got, image({ mask: [1, 0] }));
    expect(figures).toEqual({
      anomalyMap: 0.25,
      logNfa: 2,
      relativeLogNfa: 0.2,
      maskIou: 0.5,
      verdicts: ["a"],
    });
    expect(excess(figures, limits.float32)).toEqual([
      "other verdict on 1 image",
      "Δ anomaly map above 0.0001",
      "relative Δ log NFA above 0.001",
      "mask IoU below 0.999",
    ]);
  });

  it("of latents are of the images that have them on both sides, and have no limit", () => {
    const withZ = (...z: number[][]): Comparable => ({
      ...image(),
      latents: z.map((values) => Float32Array.from(values)),
    });
    const wanted = [withZ([1, -4], [0.5]), withZ([0, 0], [0]), withZ([9, 9], [9])];
    const got = [withZ([1, -3], [0.25]), withZ([0, 0], [0]), image()];
    const figures = figuresOf(got, wanted);
    expect(figures.latents).toEqual({ absolute: 1, relative: 0.25, images: 2 });
    expect(excess(figures, limits.float32)).toEqual([]);
    const broken = figuresOf([withZ([1, Number.NaN], [0.5])], wanted.slice(0, 1));
    expect(JSON.parse(JSON.stringify(broken))).toEqual(broken);
  });

  it("count a log NFA near 0 as if it were 10", () => {
    expect(compare(image({ logNfa: 0.5 }), image({ logNfa: 0.25 })).relativeLogNfa).toBe(0.025);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "never pass with %s, and can be written as JSON",
    (value) => {
      for (const got of [image({ map: [value, 0.5] }), image({ logNfa: value })]) {
        const figures = compare(got);
        expect(excess(figures, limits.float32)).toHaveLength(1);
        expect(JSON.parse(JSON.stringify(figures))).toEqual(figures);
      }
    },
  );
});
