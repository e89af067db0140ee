import { expect, it } from "vitest";
import { calibrate } from "#uflow/a-contrario/calibrate.js";
import { fitBackground } from "#uflow/a-contrario/fit.js";
import { silenced } from "#uflow/a-contrario/seen.js";
import { ignoredCells } from "#uflow/areas/ignored-cells.js";
import type { Energy } from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";

const sides = [32, 16];
const channels = 6;

const scales = sides.map((side) => ({ width: side, height: side }));
const image = { width: 64, height: 64 };
const map = { width: 32, height: 32 };
const ignored = ignoredCells(
  {
    polygons: [
      [
        [3, 5],
        [40, 9],
        [20, 30],
      ],
    ],
  },
  { image, area: { x: 0, y: 0, ...image }, scales, map },
);

function noise(random: Random): Energy[] {
  return sides.map((side) => ({
    channels,
    width: side,
    height: side,
    data: Float32Array.from({ length: side ** 2 }, () => {
      let sum = 0;
      for (let i = 0; i < channels; i++) sum += random.normal() ** 2;
      return sum;
    }),
  }));
}

const random = new Random(8);
const images = Array.from({ length: 12 }, () => noise(random));
/** What is ignored is as wild as can be. */
const wild = images.map((energies) =>
  energies.map((energy, s) => ({
    ...energy,
    data: energy.data.map((value, i) => (ignored.scales[s]![i] ? 1000 * value : value)),
  })),
);
const everywhere = images.map(() => ignored);

it("a background is fitted to what is not ignored, and to nothing else", () => {
  const fitted = fitBackground(wild, everywhere);
  expect(fitted).toEqual(fitBackground(images, everywhere));
  const all = fitBackground(images);
  [...fitted.scales, fitted.joint].forEach((background, s) => {
    const wanted = [...all.scales, all.joint][s]!;
    expect(background.scale * background.dof).toBeCloseTo(wanted.scale * wanted.dof, 0);
  });
  expect(fitBackground(wild)).not.toEqual(fitted);
});

it("good images are judged without what is ignored, too", () => {
  const views = images.map(() => ({ map, ignored }));
  const calibration = calibrate(wild, { mapSize: 32 }, views);
  expect(calibration).toEqual(calibrate(images, { mapSize: 32 }, views));
  const zeros = images.map((energies) => [...silenced(energies, ignored)]);
  expect(calibrate(zeros, { mapSize: 32 }, views).logNfa).not.toEqual(
    calibrate(zeros, { mapSize: 32 }).logNfa,
  );
});

it("leaves means over squares out where each square reaches what is ignored", () => {
  const nothing = scales.map(({ width, height }) => new Uint8Array(width * height));
  const joint = new Uint8Array(nothing[0]!.length).fill(1);
  joint.fill(0, 0, 2);
  const fitted = fitBackground(
    images,
    images.map(() => ({ scales: nothing, joint, map: nothing[0]! })),
  );
  expect(fitBackground(images).joint.mean).toBeDefined();
  expect(fitted.joint.mean).toBeUndefined();
  expect(fitted.joint.scale).toBeGreaterThan(0);
});

it("refuses to fit where everything is ignored", () => {
  const nothing = scales.map(({ width, height }) => new Uint8Array(width * height).fill(1));
  const cells = { scales: nothing, joint: nothing[0]!, map: nothing[0]! };
  expect(() =>
    fitBackground(
      images,
      images.map(() => cells),
    ),
  ).toThrow(/all is ignored/);
});
