import { expect, it } from "vitest";
import { backboneOf, featureScales } from "#uflow/backbone/index.js";
import { batchSizes, checkStepMemory, stepMemory } from "#uflow/train/memory.js";

const mebibyte = 2 ** 20;
const flow = (
  name: "mobile" | "resnet18" | "wide_resnet50_2" | "mcait",
  inputSize: number,
  flowSteps: number,
) => {
  const backbone = backboneOf(name);
  return { scales: featureScales(backbone, inputSize), flowSteps, normalization: backbone.normalization };
};

/** Resident memory above that of a process without a training, as it was measured; what Winograd's algorithm adds by itself. */
it.each([
  ["mobile", 256, 4, [8], 1, 242],
  ["mobile", 256, 8, [8], 2, 455],
  ["mobile", 512, 4, [4], 2, 464],
  ["mobile", 256, 4, [8, 4], 2, 409],
  ["resnet18", 256, 4, [1], 2, 246],
  ["resnet18", 256, 2, [4], 1, 320],
  ["resnet18", 448, 4, [2], 2, 744],
  ["resnet18", 256, 4, [8, 4], 1, 991],
  ["wide_resnet50_2", 256, 4, [2], 1, 1802],
  ["wide_resnet50_2", 256, 4, [2], 2, 2208],
  ["mcait", 448, 4, [4], 1, 1227],
  ["mcait", 448, 4, [4, 2], 2, 1928],
] as const)(
  "estimates a step with %s at %i, %i flow steps, batches of %j, %i threads within 15 %%",
  (name, size, steps, batches, threads, mebibytes) => {
    const estimate =
      stepMemory(flow(name, size, steps), batches, { threads, featureNoise: 0 }) / mebibyte / mebibytes;
    expect(estimate).toBeGreaterThan(0.85);
    expect(estimate).toBeLessThan(1.15);
  },
);

it("counts the batch sizes that occur", () => {
  expect([...batchSizes(22, 4)]).toEqual([4, 2]);
  expect([...batchSizes(24, 4)]).toEqual([4]);
  expect([...batchSizes(3, 8)]).toEqual([3]);
});

it("refuses what does not fit, and says what would", () => {
  const architecture = flow("wide_resnet50_2", 448, 4);
  const refusal = (free: number) =>
    expect.objectContaining({
      code: "ERR_UFLOW_MEMORY",
      message: expect.stringMatching(
        free > mebibyte ? /batches of 64 needs about .* GiB.*at most \d+$/ : /smaller input/,
      ),
    });
  const learners = { batchSize: 64, threads: 2, featureNoise: 0 };
  for (const free of [8 * 1024 * mebibyte, mebibyte]) {
    expect(() => checkStepMemory(architecture, 200, learners, free)).toThrow(refusal(free));
  }
  checkStepMemory(architecture, 200, learners, 1e12);
});
