import { toPlainError, UflowError } from "../error.js";
import type { Findings, ImageSource, Outcome, StreamOutcome } from "./inspection.js";

type Frames = AsyncIterable<ImageSource> | Iterable<ImageSource>;

/** What a stream needs of whoever inspects. */
export interface StreamTo {
  inspect(image: ImageSource): Promise<Outcome<Findings>>;
  /** Frames under way at most. */
  ahead: number;
  signal?: AbortSignal | undefined;
}

/**
 * Inspects the frames of an iterable and gives their outcomes in their order, each as soon as it is there. Of the iterable no
 * more is taken than `ahead` beyond what was asked for, so that a slow reader slows the source. A frame that cannot be
 * inspected is undecided. However the stream ends, what is under way is awaited.
 * @throws UflowError ERR_UFLOW_ABORTED, ERR_UFLOW_CLOSED; what the source throws, after the outcomes of its frames.
 */
export async function* streamInOrder(
  frames: Frames,
  { inspect, ahead, signal }: StreamTo,
): AsyncGenerator<StreamOutcome<Findings>, void, undefined> {
  let wake = () => {};
  const feed = new Feed(frames, ahead, inspect, () => wake());
  const stop = () => wake();
  signal?.addEventListener("abort", stop);
  try {
    for (let frame = 0; ; ) {
      // First, so that no frame is taken for nothing.
      if (signal?.aborted) throw new UflowError("ERR_UFLOW_ABORTED", "The stream was stopped");
      feed.fill();
      const oldest = feed.takeSettled();
      if (oldest) {
        yield { ...outcomeOf(oldest), frame };
        frame += 1;
      } else if (feed.empty) {
        feed.throwIfFailed();
        return;
      } else {
        // Not a race of promises: one that outlives the others would collect a reaction per frame.
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } catch (error) {
    // What ended the stream is told, whatever its source says when it is closed.
    await feed.close().catch(() => undefined);
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    await feed.close();
  }
}

type Settled = PromiseSettledResult<Outcome<Findings>>;

/** Frames that were taken from the iterable and whose outcomes were not, oldest first. */
class Feed {
  private readonly iterator: AsyncIterator<ImageSource> | Iterator<ImageSource>;
  private readonly underWay: { settled: Settled | undefined; done: Promise<void> }[] = [];
  private taking = false;
  private ended = false;
  private failure: { error: unknown } | undefined;

  constructor(
    frames: Frames,
    private readonly ahead: number,
    private readonly inspect: StreamTo["inspect"],
    /** Something has settled. */
    private readonly changed: () => void,
  ) {
    this.iterator =
      Symbol.asyncIterator in frames ? frames[Symbol.asyncIterator]() : frames[Symbol.iterator]();
  }

  get empty(): boolean {
    return this.ended && this.underWay.length === 0;
  }

  /** Takes frames from the iterable, one after the other, while there is room. */
  fill(): void {
    if (this.taking || this.ended || this.underWay.length >= this.ahead) return;
    this.taking = true;
    void this.take().then(() => {
      this.taking = false;
      this.fill();
      this.changed();
    });
  }

  /** The outcome of the oldest frame, if it is there. */
  takeSettled(): Settled | undefined {
    const settled = this.underWay[0]?.settled;
    if (settled) this.underWay.shift();
    return settled;
  }

  throwIfFailed(): void {
    if (this.failure) throw this.failure.error;
  }

  async close(): Promise<void> {
    const open = !this.ended;
    this.ended = true;
    await Promise.all(this.underWay.map(({ done }) => done));
    if (!open) return;
    const returned = this.iterator.return?.();
    // A source that is asked for a frame ends when it has one, which may be never.
    if (!this.taking) await returned;
    else Promise.resolve(returned).catch(() => undefined);
  }

  private async take(): Promise<void> {
    try {
      const { done, value } = await this.iterator.next();
      if (done) this.ended = true;
      else if (!this.ended) this.begin(this.inspect(value));
    } catch (error) {
      this.ended = true;
      this.failure = { error };
    }
  }

  private begin(outcome: Promise<Outcome<Findings>>): void {
    const frame: Feed["underWay"][number] = { settled: undefined, done: Promise.resolve() };
    frame.done = Promise.allSettled([outcome]).then(([settled]) => {
      frame.settled = settled;
      this.changed();
    });
    this.underWay.push(frame);
  }
}

/** What ends the stream is thrown; what is wrong with one frame is its outcome. */
function outcomeOf(settled: Settled): Outcome<Findings> {
  if (settled.status === "fulfilled") return settled.value;
  const error = toPlainError(settled.reason, "ERR_UFLOW_LANE");
  if (error.code === "ERR_UFLOW_ABORTED" || error.code === "ERR_UFLOW_CLOSED") throw settled.reason;
  return { verdict: "undecided", reason: "failed", error };
}
