import { describe, expect, it } from "vitest";
import { BareLanes } from "#uflow/inspect/bare-lane.js";
import {
  chosen,
  type MeasuredSetting,
  measureLanes,
  settingsOnCpu,
  settingsOnGpu,
  speedOf,
} from "#uflow/inspect/fastest-lanes.js";
import { randomModel } from "../fixtures/random-model.js";

const inShort = (settings: readonly { lanes: number; threads: number; batchSize: number }[]) =>
  settings.map(({ lanes, threads, batchSize }) => `${lanes}×${threads}/${batchSize}`).join(" ");

describe("the settings that are measured", () => {
  it.each([
    [1, {}, "1×1/1"],
    [2, {}, "1×1/1 1×2/1 2×1/1"],
    [6, {}, "1×1/1 1×2/1 1×4/1 1×6/1 2×3/1 4×1/1 6×1/1"],
    [16, { lanes: 4 }, "4×1/1 4×2/1 4×4/1"],
    [16, { threads: 4 }, "1×4/1 2×4/1 4×4/1"],
    [2, { lanes: 3, threads: 2, batchSize: 8 }, "3×2/8"],
  ])("on %i cores with %o are %s", (cores, wishes, expected) => {
    expect(inShort(settingsOnCpu(cores, wishes))).toBe(expected);
  });

  it("are batches on a GPU, after the first", () => {
    const first = { lanes: 1, threads: 1, batchSize: 1 };
    expect(inShort(settingsOnGpu(first, {}))).toBe("1×1/4 1×1/16 2×1/1 2×1/4 2×1/16");
    expect(inShort(settingsOnGpu(first, { lanes: 1, batchSize: 1 }))).toBe("");
  });

  it("never take more threads than cores, unless that is wanted", () => {
    for (const cores of [1, 3, 8, 40, 128]) {
      for (const { lanes, threads } of settingsOnCpu(cores, {})) {
        expect(lanes * threads).toBeLessThanOrEqual(cores);
      }
    }
  });
});

describe("what is chosen", () => {
  const setting = (lanes: number, threads: number, latency: number, throughput: number): MeasuredSetting => ({
    ...{ lanes, threads, batchSize: 1, latency, throughput },
  });

  it("is the cheapest of what is as good within 3 %", () => {
    const measured = [
      setting(1, 1, 10, 100),
      setting(1, 4, 4.1, 240),
      setting(1, 8, 4, 250),
      setting(8, 1, 11, 255),
    ];
    expect(chosen(measured)).toEqual({ leastLatency: measured[1], mostThroughput: measured[2] });
  });

  it("has the median of all runs and the rates of all lanes together", () => {
    const { latency, throughput } = speedOf([Float64Array.of(10, 10, 10), Float64Array.of(20, 30)]);
    expect(latency).toBe(10);
    expect(throughput).toBeCloseTo(100 + 40, 9);
  });
});

describe("a network alone", () => {
  it("is measured, and told with the device that was taken", async () => {
    const result = await measureLanes(randomModel(), { device: "cpu" }, { lanes: 2, threads: 1 });
    expect(inShort(result.measured)).toBe("2×1/1");
    expect(result.mostThroughput.throughput).toBeGreaterThan(0);
    expect(result.leastLatency.latency).toBeGreaterThan(0);
  });

  it("runs as often as it is told to", async () => {
    const options = { device: "cpu", threads: 1 } as const;
    await using lanes = await BareLanes.open(1, { model: randomModel(), batchSize: 3, options });
    expect((await lanes.run({ milliseconds: 0, runs: 5 })).map(({ length }) => length)).toEqual([5]);
    expect(lanes.device).toBe("cpu");
  });

  it("that is refused is an error, and leaves no thread", async () => {
    const model = randomModel({ flow: Uint8Array.of(1, 2, 3) });
    const options = { device: "cpu", threads: 1 } as const;
    await expect(BareLanes.open(2, { model, batchSize: 1, options })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_UFLOW_(NETWORK|BAD_MODEL)$/),
    });
  });
});
