import { ink } from "../../../page/ink.js";
import type { Plot, Point } from "./chart.js";

/** Losses per image, nats. */
export interface Losses {
  /** Of the training images in each epoch. */
  losses: readonly number[];
  /** Of the good images that were not learned from, after some epochs. */
  heldOut?: { losses: readonly { epoch: number; loss: number }[] } | undefined;
}

/** The losses per latent value, so that models of different sizes can be compared. */
export function trainingPlot({ losses, heldOut }: Losses, latentValues: number): Plot {
  const learned = losses.map((loss, i): Point => [i + 1, loss / latentValues]);
  const unseen = heldOut?.losses.map(({ epoch, loss }): Point => [epoch, loss / latentValues]);
  return {
    title: "Likelihood of good parts",
    caption:
      "Negative log-likelihood per latent value, nats, after each epoch. It falls as good parts become known.",
    x: { name: "epoch", min: 0, max: losses.length, counts: true },
    y: { name: "nats per latent value" },
    series: [
      { name: unseen ? "learned from" : "", colour: ink.good, style: "line", points: learned },
      ...(unseen
        ? [{ name: "held out", colour: ink.defective, style: "line" as const, points: unseen }]
        : []),
    ],
  };
}
