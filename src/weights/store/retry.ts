import { setTimeout as wait } from "node:timers/promises";
import { UflowError } from "../../error.js";

/** A failure that may pass: worth another attempt. `after` is how long the server asked to wait, in milliseconds. */
export class PassingError extends UflowError {
  constructor(
    message: string,
    readonly after?: number,
    options?: { cause?: unknown },
  ) {
    super("ERR_UFLOW_DOWNLOAD", message, options);
  }
}

export interface RetryOptions {
  /** How often in a row something may fail without getting further. Default 5. */
  attempts?: number;
  /** Wait before the second attempt, milliseconds; it doubles with each. Default 1000. */
  retryDelay?: number;
  /** Called before each wait: why, and how long, milliseconds. */
  onRetry?: (reason: string, delay: number) => void;
}

/** Nobody sits through longer: what a server asks for beyond this is not waited for. */
const longestWait = 120_000;

/**
 * Attempts until it succeeds, waiting exponentially longer, with jitter so that many do not come back at the same time.
 * Only a PassingError is followed by another attempt. `progress` measures how far it has got: an attempt that got
 * further starts the count anew.
 * @throws the last error; an AbortError when the signal comes while waiting.
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  progress: () => number,
  { attempts = 5, retryDelay = 1000, onRetry }: RetryOptions,
  signal: AbortSignal | undefined,
): Promise<T> {
  let furthest = progress();
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof PassingError)) throw error;
      if (progress() > furthest) failures = 1;
      furthest = Math.max(furthest, progress());
      const delay =
        error.after ?? Math.min(retryDelay * 2 ** (failures - 1) * (0.5 + Math.random() / 2), 60_000);
      if (failures >= attempts || delay > longestWait) throw error;
      onRetry?.(error.message, delay);
      await wait(delay, undefined, signal ? { signal } : {});
    }
  }
}
