import { UflowError } from "../error.js";
import { type FlowArchitecture, stages } from "../flow/architecture.js";
import { halves, kernelSize, parameterCount, parameterSlots } from "../flow/parameters.js";
import { takesFewerMultiplications } from "../onnx/learned-convolution.js";
import { membersOf } from "./crew.js";
import { amount, freeMemory } from "./feature-records.js";

const mebibyte = 2 ** 20;

/** What the memory of a training depends on, beside its flow. */
export interface Learners {
  batchSize: number;
  /** How many train. */
  threads: number;
  /** Standard deviation of the noise on the features; 0: none. */
  featureNoise: number;
}

/**
 * Bytes that the training steps take at their peak, in batches of these sizes: ONNX Runtime keeps the memory of each.
 * With P parameters, A numbers in the maps that enter the flow steps of all scales, one image, and m threads, or images of a
 * batch where these are fewer,
 *
 *     56 MiB + 36 MiB · (m − 1) + 9 · 4P + Σ over batch sizes b of ( 2m · 4P + b · (7.2 + 5.5 · flow steps) · 4A ),
 *
 * fitted to the resident memory of 22 configurations, from `mobile` at 256 pixels to Wide-ResNet-50 with batches of 1 to 8, 2 to
 * 8 flow steps, one thread or two (87 MiB to 1.9 GiB): off by −10 to +14 % there, and by −6 to +4 % in eight with two sizes.
 * To that comes what `learnedConvolution` keeps, fitted to how much more seven configurations took with it than without; and
 * noise on the features takes their size once more: +6, 12 and 13 MiB were measured for 5, 10 and 14.
 */
export function stepMemory(
  architecture: FlowArchitecture,
  batchSizes: Iterable<number>,
  { threads, featureNoise }: Pick<Learners, "threads" | "featureNoise">,
): number {
  const parameters = 4 * parameterCount(parameterSlots(architecture));
  const maps = stages(architecture).reduce(
    (sum, { channels, height, width }) => sum + 4 * channels * height * width,
    0,
  );
  const features = architecture.scales.reduce(
    (sum, { channels, height, width }) => sum + 4 * channels * height * width,
    0,
  );
  const sizes = [...batchSizes];
  const helpers = membersOf(threads, Math.max(...sizes)) - 1;
  let bytes = (56 + 36 * helpers) * mebibyte + 9 * parameters;
  for (const images of sizes) {
    bytes += 2 * membersOf(threads, images) * parameters;
    bytes += images * (7.2 + 5.5 * architecture.flowSteps) * maps;
    if (featureNoise > 0) bytes += images * features;
    bytes += transformedMemory(architecture, images, membersOf(threads, images));
  }
  return bytes;
}

/** Bytes that Winograd's algorithm adds: of the stages that it is taken for, 4 · filters per member and 4½ · maps per image. */
function transformedMemory(architecture: FlowArchitecture, images: number, members: number): number {
  const steps = Array.from({ length: architecture.flowSteps }, (_, step) => kernelSize(step));
  const transformedSteps = steps.filter((size) => size === 3).length;
  let bytes = 0;
  for (const { channels, height, width } of stages(architecture)) {
    const { kept, transformed } = halves(channels);
    const share = { images: Math.ceil(images / members), channels: kept, height, width };
    if (!takesFewerMultiplications(share)) continue;
    const filters = 4 * 9 * kept * (kept + 2 * transformed);
    const maps = 4 * 2 * kept * height * width;
    bytes += transformedSteps * (4 * members * filters + 4.5 * images * maps);
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
  learners: Learners,
  free = freeMemory(),
): number {
  const limit = 0.8 * free;
  const { batchSize } = learners;
  const needed = (size: number) => stepMemory(architecture, batchSizes(images, size), learners);
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
