import { Random } from "../random.js";

/** The rate at step t (from 0) of `total`: from the full rate linearly down to 0.4 of it. docs/maths.md, "Training". */
export function learningRateAt(learningRate: number, step: number, total: number): number {
  return learningRate * (1 - (0.6 * Math.min(step, total)) / total);
}

/** The batches of one epoch: all images once, in an order drawn from seed and epoch; the last may be smaller. */
export function batchesOf(images: number, batchSize: number, seed: number, epoch: number): number[][] {
  const order = Array.from(Random.stream(seed, `epoch ${epoch}`).permutation(images));
  const count = Math.ceil(images / batchSize);
  return Array.from({ length: count }, (_, i) => order.slice(i * batchSize, (i + 1) * batchSize));
}
