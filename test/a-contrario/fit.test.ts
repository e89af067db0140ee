import { describe, expect, it } from "vitest";
import { fitBackground, fitScale, onScales } from "#uflow/a-contrario/fit.js";
import { type Energy, jointEnergy, nfaTreeMap, Segmenter } from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";

/** Σ of `dof` squares of independent normal numbers, times `scale`, each held for patches of side × side pixels. */
function noise(random: Random, size: number, { scale = 1, dof = 4, side = 1 } = {}): Energy {
  const patches = Math.ceil(size / side);
  const values = Array.from({ length: patches ** 2 }, () => {
    let sum = 0;
    for (let i = 0; i < dof; i += 2) sum += -2 * Math.log(1 - random.uniform());
    return scale * sum;
  });
  const data = Float32Array.from({ length: size ** 2 }, (_, i) => {
    const [x, y] = [i % size, Math.floor(i / size)];
    return values[Math.floor(y / side) * patches + Math.floor(x / side)]!;
  });
  return { data, channels: dof, height: size, width: size };
}

const many = (count: number, make: (random: Random) => Energy) => {
  const random = new Random(7);
  return Array.from({ length: count }, () => make(random));
};

describe("the fit of one scale", () => {
  it("finds scale and degrees of freedom of χ² noise, and that its pixels are independent", () => {
    const fit = fitScale(many(10, (random) => noise(random, 64, { scale: 2.5, dof: 12 })));
    expect(fit.scale).toBeGreaterThan(2.2);
    expect(fit.scale).toBeLessThan(2.8);
    expect(fit.dof).toBeGreaterThan(9.5);
    expect(fit.dof).toBeLessThan(14.5);
    expect(fit.area).toBeLessThan(1.1);
  });

  it("finds the area of patches, and does not trust it beyond its blocks", () => {
    const area = (side: number) => fitScale(many(10, (random) => noise(random, 64, { side }))).area;
    expect(area(2)).toBeGreaterThan(3.6);
    expect(area(2)).toBeLessThan(4.4);
    expect(area(16)).toBeCloseTo(16);
  });

  it("takes pixels for as correlated as can be where ignored areas leave no blocks to tell by", () => {
    const energies = many(10, (random) => noise(random, 32));
    // Every other row; the lower half.
    const striped = Uint8Array.from({ length: 32 * 32 }, (_, i) => Math.floor(i / 32) % 2);
    const halved = Uint8Array.from({ length: 32 * 32 }, (_, i) => (i < 16 * 32 ? 0 : 1));
    const area = (cells: Uint8Array) => fitScale(energies, Array(10).fill(cells)).area;
    expect(area(striped)).toBe(16);
    expect(area(halved)).toBeLessThan(1.2);
  });

  it("follows a heavy tail, which moments do not", () => {
    const mixed = many(10, (random) => {
      const energy = noise(random, 64, { dof: 20 });
      // A random scale per place.
      return {
        ...energy,
        data: energy.data.map((value) => value * Math.exp(0.5 * (random.uniform() - 0.5)) ** 2),
      };
    });
    expect(fitScale(mixed).dof).toBeLessThan(14);
  });

  const mostly = (value: number, rest: number) =>
    Float32Array.from({ length: 64 }, (_, i) => (i === 9 ? rest : value + (value * i) / 64));

  it.each([
    ["two small images", many(2, (random) => noise(random, 4))],
    ["an outlier without measure", [{ data: mostly(2, 3e38), channels: 4, height: 8, width: 8 }]],
  ])("gives a background that the kernels take, of %s", (_, energies) => {
    const fitted = { ...energies[0]!, ...fitScale(energies) };
    const { data } = nfaTreeMap([fitted], { width: 8, height: 8, tests: "by-size" });
    expect(data.every(Number.isFinite)).toBe(true);
  });

  it("refuses what cannot be fitted", () => {
    const flat = { data: new Float32Array(16).fill(3), channels: 4, height: 4, width: 4 };
    const wrong = {
      ...flat,
      data: Float32Array.from(flat.data, (value, i) => (i === 3 ? Number.NaN : value)),
    };
    expect(() => fitScale([])).toThrow(/no map/);
    expect(() => fitScale([flat])).toThrow(/upper tail is all 3/);
    expect(() => fitScale(many(2, (random) => noise(random, 1)))).toThrow(/upper tail is all/);
    expect(() => fitScale([{ data: mostly(0, 9), channels: 4, height: 8, width: 8 }])).toThrow(
      /energies of 0/,
    );
    expect(() => fitScale([flat, wrong])).toThrow(/the energy NaN/);
    expect(() => fitScale([{ ...flat, height: 2 }])).toThrow(/values for/);
  });
});

describe("a fitted background", () => {
  // Correlated and on the wrong scale: what an ideal background takes for defects.
  const image = (random: Random) => [
    noise(random, 32, { scale: 2, dof: 8, side: 2 }),
    noise(random, 16, { scale: 1.5, dof: 8, side: 2 }),
    noise(random, 8, { scale: 1.2, dof: 16 }),
  ];
  const random = new Random(11);
  const background = fitBackground(Array.from({ length: 12 }, () => image(random)));
  const to = { width: 32, height: 32, tests: "by-size", joint: background.joint } as const;

  it("keeps the promise on images like those it was fitted to", () => {
    const segmenter = new Segmenter();
    const alarms = Array.from({ length: 40 }, () => image(random)).filter(
      (energies) => segmenter.segment(onScales(energies, background.scales), to).logNfa < -1,
    );
    // At most a tenth of an alarm per image is promised.
    expect(alarms.length).toBeLessThanOrEqual(4);
  });

  it("is that of the soft minimum of the scales", () => {
    const images = Array.from({ length: 3 }, () => image(random));
    const { scales, joint } = fitBackground(images);
    const soft = images.map((energies) => jointEnergy(onScales(energies, scales), { soft: true }));
    expect(joint).toMatchObject({ soft: true, ...fitScale(soft) });
  });

  it("has the means of the joint energy over a pixel of the coarsest scale, made odd", () => {
    expect(background.joint.mean?.side).toBe(5);
    const two = fitBackground(Array.from({ length: 3 }, () => image(random).slice(0, 2)));
    expect(two.joint.mean?.side).toBe(3);
    const one = fitBackground(Array.from({ length: 3 }, () => image(random).slice(0, 1)));
    expect(one.joint.mean).toBeUndefined();
  });

  it("tests pixels as well: what is found is no more significant than they are", () => {
    const { mean, ...pixel } = background.joint;
    const energies = image(random);
    for (const { data, width } of energies) {
      for (let y = 0; y < width / 8; y++) data.fill(150, y * width, y * width + width / 8);
    }
    const placed = onScales(energies, background.scales);
    const least = (joint: object) => new Segmenter().segment(placed, { ...to, joint }).logNfa;
    expect(least(background.joint)).toBeLessThan(0);
    expect(least(background.joint)).toBeGreaterThanOrEqual(least(pixel));
    // Of means that are improbable everywhere, the pixels are left.
    expect(least({ ...pixel, mean: { ...mean, scale: 1e-3 } })).toBeCloseTo(least(pixel), 0);
  });

  it("finds what is foreign at all scales", () => {
    const energies = image(random);
    for (const { data, width } of energies) {
      for (let y = 0; y < width / 4; y++) data.fill(150, y * width, y * width + width / 4);
    }
    const found = new Segmenter().segment(onScales(energies, background.scales), to);
    expect(found.regions).toHaveLength(1);
    expect(found.regions[0]!.area).toBeGreaterThan(30);
    expect(found.regions[0]!.area).toBeLessThan(110);
  });
});
