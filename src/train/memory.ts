import { UflowError } from "../error.js";
import { type FlowArchitecture, stages } from "../flow/architecture.js";
import { parameterCount, parameterSlots } from "../flow/parameters.js";
import { amount, freeMemory } from "./feature-records.js";

/**
 * Bytes that the training steps take at their peak, in batches of these sizes: ONNX Runtime keeps the memory of each.
 * With P parameters and A numbers in the maps that enter the flow steps of all scales, one image,
 *
 *     65 MiB + Σ over batch sizes b of ( 14.5 · 4P + b · (3.5 + 5.7 · flow steps) · 4A ),
 *
 * fitted to the resident memory of eleven configurations, from `mobile` at 256 pixels to Wide-ResNet-50 with batches of
 * 1 to 8 and 1 to 8 flow steps (129 MiB to 2 GiB, without memory patterns): off by −8 to +8 % there.
 */
export function stepMemory(architecture: FlowArchitecture, batchSizes: Iterable<number>): number {
  const parameters = 4 * parameterCount(parameterSlots(architecture));
  const maps = stages(architecture).reduce(
    (sum, { channels, height, width }) => sum + 4 * channels * height * width,
    0,
  );
  let bytes = 65 * 2 ** 20;
  for (const images of batchSizes) {
    bytes += 14.5 * parameters + images * (3.5 + 5.7 * architecture.flowSteps) * maps;
  }
  return bytes;
}

/** The batch sizes that occur in an epoch. */
export function batchSizes(images: number, batchSize: number): Set<number> {
  const sizes = [Math.min(batchSize, images), images % batchSize];
  return new Set(sizes.filter((size) => size > 0));
}

/**
 * Before the work: that a step fits into four fifths of the memory that is free.
 * @param free bytes that can be had
 * @returns what it needs, bytes
 * @throws UflowError ERR_UFLOW_MEMORY, with the largest batch that would fit.
 */
export function checkStepMemory(
  architecture: FlowArchitecture,
  images: number,
  batchSize: number,
  free = freeMemory(),
): number {
  const limit = 0.8 * free;
  const needed = (size: number) => stepMemory(architecture, batchSizes(images, size));
  if (needed(batchSize) <= limit) return needed(batchSize);
  let fitting = Math.min(batchSize, images) - 1;
  while (fitting > 0 && needed(fitting) > limit) fitting--;
  const advice =
    fitting > 0
      ? `batches of at most ${fitting}`
      : "a smaller input size, fewer flow steps or a smaller backbone";
  throw new UflowError(
    "ERR_UFLOW_MEMORY",
    `A training step in batches of ${batchSize} needs about ${amount(needed(batchSize))}, and ${amount(limit)} of memory can be had. Use ${advice}`,
  );
}
