import { describe, expect, it } from "vitest";
import {
  anomalyMap,
  type Energy,
  jointEnergy,
  nfaBlockMapOfCounts,
  nfaTreeMap,
  regions,
  Segmenter,
} from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";

const random = new Random(3);

/** Noise around 1 per channel with a bright spot of random place and size. */
function energyOf(side: number, channels: number): Energy {
  const centre = { x: random.below(side), y: random.below(side) };
  const data = Float32Array.from({ length: side * side }, (_, i) => {
    const distance = Math.hypot((i % side) - centre.x, Math.floor(i / side) - centre.y);
    return channels * (0.5 + random.uniform() + (distance < side / 6 ? 4 : 0));
  });
  return { data, channels, height: side, width: side };
}

describe("a segmenter", () => {
  const segmenter = new Segmenter();

  it.each([
    { width: 64, height: 64 },
    { width: 40, height: 90, tail: "chernoff", tests: "per-scale", logEpsilon: -3 },
    { width: 64, height: 64, tests: "by-size", connectivity: 8, logEpsilon: 1 },
    { width: 7, height: 3, tests: "per-scale" },
  ] as const)("gives what the functions give, image after image: %j", (to) => {
    for (const scales of [[20, 10], [33], [12, 8, 5]]) {
      const energies = scales.map((side, i) => energyOf(side, 8 * (i + 1)));
      const found = segmenter.segment(energies, to);
      const map = anomalyMap(energies, to);
      const logNfaMap = nfaTreeMap(energies, to);
      const { logEpsilon = 0 } = to as { logEpsilon?: number };
      expect(found.anomalyMap).toEqual(map);
      expect(found.logNfaMap).toEqual(logNfaMap);
      expect(found.regions).toEqual(regions(logNfaMap, { ...to, score: map }));
      expect(found.anomalyScore).toBe(Math.max(...map.data));
      expect(found.logNfa).toBe(Math.min(...logNfaMap.data));
      expect([...found.mask]).toEqual(Array.from(logNfaMap.data, (value) => Number(value < logEpsilon)));
    }
  });

  it("tests the joint energy on the background that it is given", () => {
    const energies = [energyOf(24, 9), { ...energyOf(12, 6), scale: 1.2, dof: 5 }];
    const to = { width: 50, height: 40, tests: "by-size" } as const;
    for (const { soft, ...joint } of [{}, { scale: 0.5, dof: 3, area: 9 }, { soft: true, dof: 4 }]) {
      const found = segmenter.segment(energies, { ...to, joint: { ...joint, soft } });
      const energy = jointEnergy(energies, soft === undefined ? {} : { soft });
      expect(found.logNfaMap).toEqual(nfaTreeMap([{ ...energy, ...joint }], to));
      expect(found.anomalyMap).toEqual(anomalyMap(energies, to));
    }
    expect(() => segmenter.segment(energies, { ...to, joint: { dof: -1 } })).toThrow(/to\.joint\.dof/);
    expect(() => segmenter.segment(energies, { ...to, joint: 3 as never })).toThrow(/to\.joint/);
    expect(() => segmenter.segment(energies, { ...to, joint: { soft: "yes" as never } })).toThrow(
      /to\.joint\.soft/,
    );
  });

  it("tests the means of the joint energy beside it", () => {
    const energies = [energyOf(24, 9), { ...energyOf(12, 6), scale: 1.2, dof: 5 }];
    const grid = { width: 24, height: 24, tests: "by-size" } as const;
    const pixel = { scale: 0.5, dof: 3, area: 9 };
    const mean = { side: 3, scale: 0.02, dof: 5, area: 12 };
    const { logNfaMap } = segmenter.segment(energies, { ...grid, joint: { ...pixel, mean } });
    const { side, ...background } = mean;
    const averaged = nfaTreeMap([{ ...jointEnergy(energies, { side }), ...background }], grid);
    expect(averaged.data.some((value, i) => value < logNfaMap.data[i]!)).toBe(true);
    expect(averaged.data.every((value, i) => value <= logNfaMap.data[i]!)).toBe(true);
    const wrong = (side: unknown) => () =>
      segmenter.segment(energies, { ...grid, joint: { ...pixel, mean: { ...mean, side: side as number } } });
    expect(wrong(4)).toThrow(/odd number.*to\.joint\.mean\.side/);
    expect(wrong(undefined)).toThrow(/to\.joint\.mean\.side/);
    expect(wrong(257)).toThrow(/to\.joint\.mean\.side/);
  });

  it("tests windows by what was counted", () => {
    const energies = [energyOf(24, 9), energyOf(12, 6)];
    const counts = energies.map((energy) => ({
      ...energy,
      data: energy.data.map((value) => Math.min(energy.channels, Math.floor(value / 3))),
    }));
    const to = { width: 50, height: 40, kind: "continuous", windowSize: 7, logEpsilon: -2 } as const;
    const found = segmenter.segmentWindows(energies, counts, to);
    const logNfaMap = nfaBlockMapOfCounts(counts, to);
    expect(found.anomalyMap).toEqual(anomalyMap(energies, to));
    expect(found.logNfaMap).toEqual(logNfaMap);
    expect(found.regions).toEqual(regions(logNfaMap, { logEpsilon: -2, score: found.anomalyMap }));
    expect(found.regions.length).toBeGreaterThan(0);
    const half = counts.map((one) => ({ ...one, data: one.data.map(() => 0.5) }));
    expect(() => segmenter.segmentWindows(energies, half, to)).toThrow(/segmentWindows: .*whole numbers/);
    expect(() => segmenter.segmentWindows(energies, counts, { ...to, windowSize: 0 })).toThrow(/windowSize/);
  });

  it("leaves the maps of the image before alone", () => {
    const to = { width: 30, height: 30 };
    const first = segmenter.segment([energyOf(20, 8)], to);
    const kept = structuredClone(first);
    segmenter.segment([energyOf(20, 8)], to);
    expect(first).toEqual(kept);
  });

  it("writes maps where it is told to, whatever is there", () => {
    const to = { width: 30, height: 20, logEpsilon: -1 };
    const energies = [energyOf(20, 8), energyOf(10, 8)];
    const counts = energies.map(({ data, ...rest }) => ({
      ...rest,
      data: data.map((v) => Math.min(8, v | 0)),
    }));
    const into = {
      anomalyMap: new Float32Array(600).fill(Number.NaN),
      logNfaMap: new Float32Array(600).fill(-1e9),
      mask: new Uint8Array(600).fill(7),
    };
    for (const segment of [
      (more: object) => segmenter.segment(energies, { ...to, ...more }),
      (more: object) => segmenter.segmentWindows(energies, counts, { ...to, ...more }),
    ]) {
      const wanted = segment({});
      const found = segment({ into });
      expect(found).toEqual(wanted);
      expect(found.anomalyMap.data).toBe(into.anomalyMap);
      expect(found.logNfaMap.data).toBe(into.logNfaMap);
      expect(found.mask).toBe(into.mask);
      expect(segment({ into: { mask: into.mask } })).toEqual(wanted);
    }
  });

  it.each([
    [3, /to\.into/],
    [{ anomalyMap: new Float32Array(599) }, /Float32Array of 600 elements for to\.into\.anomalyMap/],
    [{ logNfaMap: new Float64Array(600) }, /to\.into\.logNfaMap/],
    [{ mask: new Int8Array(600) }, /Uint8Array of 600 elements for to\.into\.mask/],
    [{ mask: new Uint8Array(600).subarray(1) }, /to\.into\.mask/],
  ])("refuses memory that does not fit: %o", (into, message) => {
    const to = { width: 30, height: 20, into: into as never };
    expect(() => segmenter.segment([energyOf(20, 8)], to)).toThrow(message);
  });

  it("refuses memory that is taken away while it is asked for", () => {
    const anomalyMap = new Float32Array(600);
    const into = {
      anomalyMap,
      get mask() {
        structuredClone(anomalyMap, { transfer: [anomalyMap.buffer] });
        return undefined;
      },
    };
    expect(() => segmenter.segment([energyOf(20, 8)], { width: 30, height: 20, into })).toThrow(/anomalyMap/);
  });

  it("refuses wrong energies and options, and goes on", () => {
    const good = energyOf(6, 4);
    const bad = { ...good, data: good.data.map((value, i) => (i === 5 ? Number.NaN : value)) };
    const to = { width: 6, height: 6 };
    const refused = (energies: unknown, options: unknown, message: RegExp) =>
      expect(() => segmenter.segment(energies as Energy[], options as typeof to)).toThrow(message);
    refused([bad], to, /segment: .*NaN at pixel 5/);
    refused([], to, /at least one energy/);
    refused([good], { ...to, logEpsilon: Number.NaN }, /to\.logEpsilon/);
    refused([good], { ...to, connectivity: 6 }, /4 or 8 for to\.connectivity/);
    refused([good], { ...to, width: 0 }, /to\.width/);
    expect(segmenter.segment([good], to).mask).toHaveLength(36);
  });
});
