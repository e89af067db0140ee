import { EventFile } from "../output/tensorboard.js";
import type { TrainProgress } from "./options.js";

/** What is read of the progress, so far as it is there. */
type Progress = Pick<TrainProgress, "phase" | "done" | "total" | "epochs" | "loss"> & {
  gradientNorm?: number | null;
  rate?: number | null;
  heldOut?: { epoch: number; loss: number } | null;
};

export interface TensorboardProgress<P> extends Disposable {
  /** To be called in place of the callback that was given, which it calls. */
  onProgress: (progress: P) => void;
}

/**
 * Writes a training's progress to an event file for TensorBoard, once per epoch, at the number of steps done: the epoch's
 * mean `loss/training`, nats per image, `gradient_norm` and `learning_rate`, and `loss/held_out` where it was computed.
 * @param warn told once when the file cannot be written any more; the training goes on
 * @throws UflowError ERR_UFLOW_OUTPUT when no file can be made in the folder.
 */
export async function tensorboardProgress<P extends Progress>(
  folder: string,
  onProgress: ((progress: P) => void) | undefined,
  warn: (message: string) => void = process.emitWarning,
): Promise<TensorboardProgress<P>> {
  const events = await EventFile.create(folder, warn);
  let [first, last, written, shown] = [0, Number.POSITIVE_INFINITY, 0, 0];
  return {
    onProgress: (progress) => {
      const { phase, done, heldOut } = progress;
      const stepsPerEpoch = progress.total / progress.epochs;
      if (phase === "training") {
        // Here it begins, goes on after an interruption, or has gone back.
        if (done < last) {
          first = done;
          written = 0;
          events.startSession(done);
        }
        last = done;
        // Notices repeat what was told before.
        if (done % stepsPerEpoch === 0 && done !== written) {
          written = done;
          events.scalars(done, epochScalars(progress));
        }
      }
      // What was computed before is in the file of before.
      const heldOutStep = (heldOut?.epoch ?? 0) * stepsPerEpoch;
      if (heldOut && heldOut.epoch !== shown && heldOutStep >= first) {
        shown = heldOut.epoch;
        events.scalars(heldOutStep, { "loss/held_out": heldOut.loss });
      }
      onProgress?.(progress);
    },
    [Symbol.dispose]: () => events.close(),
  };
}

function epochScalars({ loss, gradientNorm, rate }: Progress): Record<string, number> {
  const all = { "loss/training": loss, gradient_norm: gradientNorm, learning_rate: rate };
  const known = Object.entries(all).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(known) as Record<string, number>;
}
