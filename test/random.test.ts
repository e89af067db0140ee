import { describe, expect, it } from "vitest";
import { Random } from "#uflow/random.js";

describe("Random.fillWithNoise", () => {
  const noise = (seed: number, deviation: number, length = 100_000) => {
    const into = new Float32Array(length);
    new Random(seed).fillWithNoise(into, deviation);
    return into;
  };

  it("has the mean 0, the deviation that is asked for, the tails of a sum of four, and no memory", () => {
    const values = noise(1, 0.5);
    const mean = (of: (value: number, i: number) => number) =>
      values.reduce((sum, value, i) => sum + of(value, i), 0) / values.length;
    expect(mean((v) => v)).toBeCloseTo(0, 2);
    expect(mean((v) => v * v)).toBeCloseTo(0.25, 2);
    // Kurtosis 3 − 6/5/4 of four uniform numbers; a normal one has 3.
    expect(mean((v) => v ** 4) / mean((v) => v * v) ** 2).toBeCloseTo(2.7, 1);
    expect(mean((v, i) => v * values[(i + 1) % values.length]!)).toBeCloseTo(0, 2);
    expect(Math.max(...values.map(Math.abs))).toBeLessThan(3.5 * 0.5);
  });

  it("is the same for a seed, another for another, and goes on where it ended", () => {
    expect(noise(7, 1)).toEqual(noise(7, 1));
    expect(noise(7, 1)).not.toEqual(noise(8, 1));
    const random = new Random(7);
    const [first, second] = [new Float32Array(10), new Float32Array(10)];
    random.fillWithNoise(first, 1);
    random.fillWithNoise(second, 1);
    expect([...first, ...second]).toEqual([...noise(7, 1, 20)]);
    expect(random.bits()).toBe(
      Array.from(
        { length: 21 },
        (
          (fresh) => () =>
            fresh.bits()
        )(new Random(7)),
      ).at(-1),
    );
  });
});
