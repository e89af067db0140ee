import { describe, expect, it } from "vitest";
import { fitScale } from "#uflow/a-contrario/fit.js";
import type { Energy } from "#uflow/kernels/index.js";
import { goodEnergies } from "./energies.js";

const finest = (images: number, options = {}) => goodEnergies(images, options).map((scales) => scales[0]!);
const constant = (value: number, side = 4): Energy => ({
  data: new Float32Array(side * side).fill(value),
  channels: 4,
  height: side,
  width: side,
});

describe("the fit of one scale", () => {
  it("finds scale, degrees of freedom and no correlation in white noise", () => {
    const { scale, dof, area } = fitScale(finest(60, { factor: 2.5 }));
    expect(scale).toBeGreaterThan(2.4);
    expect(scale).toBeLessThan(2.6);
    expect(dof).toBeGreaterThan(5.8);
    expect(dof).toBeLessThan(6.2);
    expect(area).toBeGreaterThanOrEqual(1);
    expect(area).toBeLessThan(1.2);
  });

  it("has exactly the mean and the variance of the energies", () => {
    const data = Float32Array.of(1, 2, 3, 6);
    const { scale, dof } = fitScale([{ data, channels: 3, height: 2, width: 2 }]);
    expect(scale * dof).toBeCloseTo(3, 12);
    expect(2 * scale ** 2 * dof).toBeCloseTo(3.5, 12);
  });

  it("finds the area of the pixels that are averages of the same numbers", () => {
    // Each pixel is the mean of 2 × 2 independent ones, so that Σ of the autocorrelation is (½ + 1 + ½)² = 4.
    const smoothed = finest(100).map((energy): Energy => {
      const data = energy.data.map((_, i) => {
        const [x, y] = [i % 16, Math.floor(i / 16)];
        const at = (dx: number, dy: number) => energy.data[((y + dy) % 16) * 16 + ((x + dx) % 16)]!;
        return (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4;
      });
      return { ...energy, data };
    });
    const { scale, dof, area } = fitScale(smoothed);
    expect(area).toBeGreaterThan(3.6);
    expect(area).toBeLessThan(4.4);
    expect(scale * dof).toBeCloseTo(6, 0);
    expect(dof).toBeGreaterThan(22);
    expect(dof).toBeLessThan(26);
  });

  it("never has an area below 1", () => {
    const chequered = Float32Array.from({ length: 64 }, (_, i) => 1 + ((i + (i >> 3)) % 2));
    expect(fitScale([{ data: chequered, channels: 2, height: 8, width: 8 }]).area).toBe(1);
  });

  it.each<[string, Energy[], RegExp]>([
    ["no map", [], /no map/],
    ["maps that are constant", [constant(3), constant(3)], /all 3\.0/],
    ["maps of nothing but 0", [constant(0)], /all 0/],
    ["maps of several sizes", [constant(3), constant(3, 5)], /several sizes/],
    ["NaN", [constant(Number.NaN)], /NaN at pixel 0/],
    ["infinity", [constant(Number.POSITIVE_INFINITY)], /Infinity at pixel 0/],
    ["a negative energy", [constant(-1)], /-1 at pixel 0/],
    ["a map without all of its numbers", [{ ...constant(3), height: 5 }], /4 × 5 pixels.*16 numbers/],
  ])("refuses %s", (_, energies, message) => {
    expect(() => fitScale(energies)).toThrow(
      expect.objectContaining({ code: "ERR_UFLOW_BAD_TENSOR", message: expect.stringMatching(message) }),
    );
  });

  it("takes constant maps that differ from one another", () => {
    const { scale, dof } = fitScale([constant(2), constant(4)]);
    expect([scale, dof]).toEqual([1 / 6, 18]);
  });
});
