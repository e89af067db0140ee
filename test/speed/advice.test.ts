import { describe, expect, it } from "vitest";
import { adviceOn } from "#uflow/speed/advice.js";
import type { Speed } from "#uflow/speed/index.js";

const setting = { lanes: 2, threads: 1, batchSize: 1 };
const measuredSetting = { ...setting, latency: 10, throughput: 200 };
const latency = { p50: 10, p95: 11, p99: 12 };
const compared = { ...setting, stream: 198, bare: 200, share: 0.99, cpu: { stream: 10.1, bare: 10 } };

const fast = {
  machine: { busy: false },
  model: { mapSize: 256 },
  frames: { width: 512, height: 512 },
  settings: { measured: [measuredSetting], leastLatency: measuredSetting, mostThroughput: measuredSetting },
  maps: "anomalous",
  measured: compared,
  phases: { network: latency },
  overhead: { total: 0.01, preprocess: 0.005, segment: 0.005, rest: 0, cpu: 0.01 },
  lag: { stream: { p50: 0, p99: 1, max: 9 }, bare: { p50: 0, p99: 1, max: 9 } },
  mainThread: 0.1,
  decode: null,
  verdicts: { good: 100, anomalous: 0, undecided: 0 },
  regionsPerImage: 0,
  memory: { frames: 100_000, bytesPerFrame: 1 },
  scaling: [{ ...compared, lanes: 1, stream: 100, bare: 101 }, compared],
} as unknown as Speed;

describe("the advice", () => {
  it("of what reaches the network's speed is a faster network", () => {
    expect(adviceOn(fast)).toEqual([expect.stringMatching(/^The network limits.*99 %.*GPU/)]);
  });

  it.each<[string, Partial<Speed>, RegExp]>([
    ["a slow stream", { measured: { ...compared, share: 0.8 } }, /80 % of the bare network/],
    [
      "maps that nobody may want",
      { measured: { ...compared, share: 0.8 }, maps: "all" },
      /maps: "anomalous".*--maps anomalous/,
    ],
    [
      "other lanes",
      { settings: { ...fast.settings, mostThroughput: { ...measuredSetting, lanes: 4, throughput: 300 } } },
      /lanes: 4, threads: 1, batchSize: 1 would give 50 % more/,
    ],
    [
      "more threads for one image",
      {
        settings: {
          ...fast.settings,
          leastLatency: { ...measuredSetting, lanes: 1, threads: 2, latency: 6 },
        },
      },
      /answered soon, lanes: 1, threads: 2.*6\.0 ms instead of 10\.0/,
    ],
    ["large images", { overhead: { ...fast.overhead, preprocess: 0.2 } }, /Resizing.*512 × 512.*20 %/],
    ["large maps", { overhead: { ...fast.overhead, segment: 0.1 } }, /segmentation.*256 × 256.*mapSize/],
    [
      "anomalous images",
      { overhead: { ...fast.overhead, segment: 0.1 }, regionsPerImage: 40 },
      /40 regions.*--images/,
    ],
    ["waiting lanes", { overhead: { ...fast.overhead, rest: 0.2 } }, /Lanes wait 20 %/],
    ["a busy event loop", { mainThread: 0.9 }, /event loop is busy 90 %/],
    ["lag", { lag: { ...fast.lag, stream: { p50: 0, p99: 30, max: 60 } } }, /lags by 30\.0 ms/],
    ["decoding", { decode: 5 }, /Decoding.*5\.0 ms, 50 %/],
    ["a leak", { memory: { ...fast.memory, bytesPerFrame: 5000 } }, /grows by 5000 bytes/],
    [
      "lanes that do not scale",
      { scaling: [fast.scaling[0]!, { ...compared, stream: 120 }] },
      /2 lanes give 1\.20/,
    ],
    ["others at work", { machine: { ...fast.machine, busy: true } }, /Others were at work/],
    ["failed images", { verdicts: { ...fast.verdicts, undecided: 3 } }, /3 images could not/],
  ])("tells of %s", (_, changes, sentence) => {
    const advice = adviceOn({ ...fast, ...changes });
    expect(advice.join("\n")).toMatch(sentence);
    expect(advice.length).toBeLessThanOrEqual(2);
  });
});
