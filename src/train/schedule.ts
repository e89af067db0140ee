import type { RateSchedule } from "../bundle/rate-schedules.js";
import { Random } from "../random.js";

/** The part of all steps over which `cosine` rises to the full rate, and the part of it that remains at the end. */
const warmUp = 0.03;
const remainder = 0.01;

/** The rate as a part of the full one; docs/maths.md, "Training". */
const shapes: Record<RateSchedule, (step: number, total: number) => number> = {
  linear: (step, total) => 1 - (0.6 * step) / total,
  cosine(step, total) {
    const rising = Math.ceil(warmUp * total);
    if (step < rising) return (step + 1) / rising;
    const done = (step - rising) / (total - rising || 1);
    return remainder + ((1 - remainder) * (1 + Math.cos(Math.PI * done))) / 2;
  },
};

/** The rate at step t (from 0) of `total`; after them, that of the end. */
export function learningRateAt(
  schedule: RateSchedule,
  learningRate: number,
  step: number,
  total: number,
): number {
  return learningRate * shapes[schedule](Math.min(step, total), total);
}

/** The batches of one epoch: all images once, in an order drawn from seed and epoch; the last may be smaller. */
export function batchesOf(images: number, batchSize: number, seed: number, epoch: number): number[][] {
  const order = Array.from(Random.stream(seed, `epoch ${epoch}`).permutation(images));
  const count = Math.ceil(images / batchSize);
  return Array.from({ length: count }, (_, i) => order.slice(i * batchSize, (i + 1) * batchSize));
}
