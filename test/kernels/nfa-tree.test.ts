import { describe, expect, it } from "vitest";
import {
  type Energy,
  energy,
  jointEnergy,
  logChi2Survival,
  logNumberOfRegions,
  nfaTree,
  nfaTreeMap,
} from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";
import { loadGolden } from "../fixtures/golden.js";

interface TreeCase {
  case: string;
  kind: string;
  channels: number;
  height: number;
  width: number;
}

const trees = loadGolden("kernels/nfa_tree");

describe.each(trees.meta.cases as TreeCase[])("the tree of case $case ($kind)", (golden) => {
  const { case: name, channels, height, width } = golden;

  it("has the reference's clusters and probabilities, bit for bit", () => {
    const data = trees.tensor(`${name}/z2sum`).data as Float32Array;
    // Where two clusters of the reference share a probability it loses one; these cases hold the right answer.
    const right = `${name}/log_prob_no_collision`;
    const wanted = trees.tensor(trees.names.includes(right) ? right : `${name}/log_prob`).data;
    expect(nfaTree({ data, channels, height, width }, { tail: "chernoff" }).data).toEqual(wanted);
  });
});

interface EndToEnd {
  name: string;
  target: number;
  batch: number;
  shapes: [channels: number, side: number][];
}

const whole = loadGolden("kernels/nfa_e2e");

describe.each(whole.meta.cases as EndToEnd[])("the map of $name", ({ name, target, batch, shapes }) => {
  const energiesOf = (image: number): Energy[] =>
    shapes.map(([channels, side], scale) => {
      const size = { channels, height: side, width: side };
      if (whole.names.includes(`${name}/z2sum/${scale}`)) {
        return { data: whole.tensor(`${name}/z2sum/${scale}`).data as Float32Array, ...size };
      }
      const count = channels * side * side;
      const z = whole.tensor(`${name}/z/${scale}`).data as Float32Array;
      return energy({ data: z.slice(image * count, (image + 1) * count), ...size });
    });

  it("equals the reference's", () => {
    const score = whole.tensor(`${name}/tree_score`).data;
    const count = target * target;
    // Single precision of the number of tests, to which everything is added.
    const unit = 4e-7 * logNumberOfRegions(shapes.map(([, side]) => side * side));
    for (let image = 0; image < batch; image++) {
      const { data } = nfaTreeMap(energiesOf(image), {
        width: target,
        height: target,
        tail: "chernoff",
        tests: "all",
      });
      data.forEach((value, i) => {
        const wanted = -score[image * count + i]!;
        expect(Math.abs(value - wanted)).toBeLessThan(unit + 1e-6 * Math.abs(wanted));
      });
    }
  });
});

describe("the exact tail", () => {
  it("leaves a map below its mean alone, which the Chernoff formula flags whole", () => {
    const quiet = { data: new Float32Array(64).fill(2), channels: 10, height: 8, width: 8 };
    const to = { width: 8, height: 8 };
    expect(Math.min(...nfaTreeMap([quiet], { ...to, tail: "exact" }).data)).toBeGreaterThan(0);
    expect(Math.max(...nfaTreeMap([quiet], { ...to, tail: "chernoff" }).data)).toBeLessThan(0);
  });

  it("gives a region its probability to the power of its area", () => {
    const data = new Float32Array(25).fill(1);
    data.set([90, 95], 6);
    const map = nfaTree({ data, channels: 10, height: 5, width: 5 });
    expect(map.data[6]).toBeCloseTo(2 * logChi2Survival(90, 10), 3);
    expect(map.data[7]).toBe(map.data[6]);
  });
});

describe("a fitted background", () => {
  it("tests energy/scale against its own degrees of freedom", () => {
    const data = new Float32Array(25).fill(1);
    data[12] = 90;
    const map = nfaTree({ data, channels: 10, height: 5, width: 5, scale: 2, dof: 4.5 });
    expect(map.data[12]).toBeCloseTo(logChi2Survival(45, 4.5), 4);
  });
});

describe("the number of tests", () => {
  const quiet = (side: number): Energy => ({
    data: new Float32Array(side * side),
    channels: 4,
    height: side,
    width: side,
  });

  it("is one for all scales, or one per scale times the number of scales", () => {
    const energies = [quiet(16), quiet(8)];
    const to = { width: 16, height: 16 };
    const all = nfaTreeMap(energies, { ...to, tests: "all" }).data[0]!;
    const perScale = nfaTreeMap(energies, { ...to, tests: "per-scale" }).data[0]!;
    expect(all).toBeCloseTo(logNumberOfRegions([256, 64]), 4);
    expect(perScale).toBeCloseTo(Math.log10(2) + logNumberOfRegions([64]), 4);
  });

  it("by size is counted in cells where pixels are correlated", () => {
    const data = new Float32Array(256).fill(1);
    data.set([90, 95, 91], 100);
    const found = { data, channels: 4, height: 16, width: 16, area: 4 };
    const map = nfaTreeMap([found], { width: 16, height: 16, tests: "by-size" });
    const shapes = Math.log10((0.316915 * 4.06257 ** 1.5) / 1.5);
    expect(map.data[100]).toBeCloseTo(Math.log10(64 ** 2) + shapes + 1.5 * logChi2Survival(90, 4), 3);
  });

  it("by size leaves level sets alone that chance reaches too", () => {
    const data = new Float32Array(256).fill(1);
    data.fill(11, 0, 200);
    const map = nfaTreeMap([{ data, channels: 4, height: 16, width: 16 }], {
      width: 16,
      height: 16,
      tests: "by-size",
    });
    expect(Math.min(...map.data)).toBeGreaterThan(0);
  });

  it("by size is that of its polyominoes, for every scale and size", () => {
    const data = new Float32Array(256).fill(1);
    data.set([90, 95], 100);
    const found = { data, channels: 4, height: 16, width: 16 };
    const map = nfaTreeMap([found, quiet(8)], { width: 16, height: 16, tests: "by-size" });
    const shapes = (cells: number) => Math.log10((0.316915 * 4.06257 ** cells) / cells);
    const wanted = Math.log10(2 * 256 ** 2) + shapes(2) + 2 * logChi2Survival(90, 4);
    expect(map.data[100]).toBeCloseTo(wanted, 3);
    expect(map.data[0]).toBeGreaterThan(0);
  });
});

describe("the joint energy", () => {
  const fine = { data: Float32Array.of(10, 90, 2, 30), channels: 10, height: 2, width: 2 };
  const coarse = { data: Float32Array.of(40), channels: 10, height: 1, width: 1, scale: 1.5, dof: 8 };

  it("is that of the least improbable scale, at the size of the first", () => {
    const energyOf = (x: number, dof: number) => -2 * Math.LN10 * logChi2Survival(x, dof);
    const { data, ...rest } = jointEnergy([fine, coarse]);
    expect(rest).toEqual({ channels: 1, height: 2, width: 2, scale: 1, dof: 2, area: 4 });
    const most = energyOf(40 / 1.5, 8);
    [10, 90, 2, 30].forEach((x, i) => {
      expect(data[i]).toBeCloseTo(Math.min(energyOf(x, 10), most), 4);
    });
  });

  it("may be the soft minimum, that of scales that agree what they are, and never below the minimum", () => {
    const least = jointEnergy([fine, coarse]).data;
    const soft = jointEnergy([fine, coarse], { soft: true }).data;
    const coarsest = -2 * Math.LN10 * logChi2Survival(40 / 1.5, 8);
    fine.data.forEach((x, i) => {
      const energy = -2 * Math.LN10 * logChi2Survival(x, 10);
      expect(soft[i]).toBeCloseTo(Math.sqrt(2 / (energy ** -2 + coarsest ** -2)), 4);
      expect(soft[i]).toBeGreaterThanOrEqual(least[i]!);
    });
    expect(jointEnergy([fine, fine], { soft: true }).data[1]).toBeCloseTo(jointEnergy([fine]).data[1]!, 4);
    const nothing = { ...coarse, data: Float32Array.of(0) };
    expect([...jointEnergy([fine, nothing], { soft: true }).data]).toEqual([0, 0, 0, 0]);
    expect(() => jointEnergy([fine], { soft: 1 as never })).toThrow(/true or false.*options\.soft/);
  });

  it("may be averaged over squares, as far as they are on the map", () => {
    const random = new Random(12);
    const energy = {
      data: Float32Array.from({ length: 30 }, () => random.between(0, 9)),
      width: 6,
      height: 5,
    };
    const whole = jointEnergy([{ ...energy, channels: 2 }]);
    const { data } = jointEnergy([{ ...energy, channels: 2 }], { side: 3 });
    const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
    const at = (x: number, y: number) => whole.data[6 * y + x]!;
    expect(data[0]).toBeCloseTo(mean([at(0, 0), at(1, 0), at(0, 1), at(1, 1)]), 5);
    const around = [1, 2, 3].flatMap((y) => [2, 3, 4].map((x) => at(x, y)));
    expect(data[6 * 2 + 3]).toBeCloseTo(mean(around), 5);
    expect(() => jointEnergy([{ ...energy, channels: 2 }], { side: 2 })).toThrow(/odd number.*options\.side/);
  });

  it("refuses what is no energy or no background", () => {
    const wrong = { ...fine, data: Float32Array.of(1, Number.NaN, 2, 3) };
    expect(() => jointEnergy([coarse, wrong])).toThrow(/jointEnergy: .*NaN at pixel 1/);
    expect(() => jointEnergy([])).toThrow(/at least one energy/);
    expect(() => jointEnergy([{ ...fine, area: 0.5 }])).toThrow(/energies\[0\]\.area/);
  });
});
