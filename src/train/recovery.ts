import type { Recovery } from "../bundle/manifest.js";
import { UflowError } from "../error.js";

/** What makes a training go back. */
export type Trouble = Exclude<Recovery["reason"], "resumed">;

/**
 * A loss is a spike when it is so many nats per latent value above the mean of the epoch before: every single value is then
 * e times less likely. In sound trainings single batches stay within 0.07 of it.
 */
const spike = 1;

/**
 * What is wrong with a loss, if anything.
 * @param level the mean of the epoch before, nats per image like the loss; undefined where there is none yet
 */
export function troubleOf(
  loss: number,
  level: number | undefined,
  latentValues: number,
): Trouble | undefined {
  if (!Number.isFinite(loss)) return "not finite";
  return loss > (level ?? Number.POSITIVE_INFINITY) + spike * latentValues ? "spike" : undefined;
}

/** A training goes back as often as its rate is halved down to a sixteenth of what was asked for. */
const lowest = 1 / 16;

/**
 * The rate to go on with.
 * @param asked the rate that the training was told to have
 * @throws UflowError ERR_UFLOW_DIVERGED when it has been lowered often enough.
 */
export function lowered(rate: number, asked: number, epoch: number): number {
  const next = rate / 2;
  if (next >= asked * lowest) return next;
  throw new UflowError(
    "ERR_UFLOW_DIVERGED",
    `The training diverged after epoch ${epoch}, with a learning rate of ${asked} and with all halves of it down to ${rate}. Use a lower learning rate, and see whether an image is unlike all others`,
  );
}
