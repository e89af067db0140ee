import { z } from "zod";
import { messageOf } from "../error.js";
import { parseOptions } from "../options.js";
import type { Evidence, FrameRecord, Sink, SinkStats } from "./record.js";

/** Options that every sink has. */
export interface QueueOptions {
  /** Records that may wait, 1 … 1 000 000; the oldest is dropped for one more. Default 10 000. */
  queueSize?: number;
  /** Bytes of images that may wait; a record beyond goes on without its image. Default 256 MiB. */
  queueBytes?: number;
  /** Told in a sentence when a sink begins to fail, when it loses records, and when it works again. For a log. */
  onProblem?: (message: string) => void;
}

export const queueShape = {
  queueSize: z.int().min(1).max(1_000_000).default(10_000),
  queueBytes: z
    .int()
    .nonnegative()
    .default(2 ** 28),
  onProblem: z
    .custom<(message: string) => void>((value) => typeof value === "function", "expected a function")
    .default(() => () => {})
    .transform(harmless),
};

/** What a log does wrong must neither stop a queue nor end the process. */
function harmless(tell: (message: string) => void): (message: string) => void {
  return (message) => {
    try {
      tell(message);
    } catch (error) {
      process.emitWarning(`onProblem of a sink failed: ${messageOf(error)}`);
    }
  };
}

export type CheckedQueueOptions = z.output<z.ZodObject<typeof queueShape>>;

export interface Delivery {
  readonly record: FrameRecord;
  readonly evidence: Evidence | undefined;
}

/** Where a queue leads. */
export interface Destination {
  /** For logs. */
  readonly name: string;
  /** Records that are delivered together at most. */
  readonly batchSize: number;
  /** Milliseconds that a record waits for others. */
  readonly linger: number;
  /** The part of the evidence that is wanted; nothing else is kept in the queue. */
  wanted(record: FrameRecord, evidence: Evidence): Evidence | undefined;
  /**
   * Brings records there, in this order: all of them, or throws; then the same are tried again. Ends soon after the signal.
   * @throws Refusal where another attempt is no use; the batch is then dropped.
   */
  deliver(batch: readonly Delivery[], signal: AbortSignal): Promise<void>;
  /** Told of each record that is dropped. Throws nothing. */
  lost?(record: FrameRecord, reason: string): void;
  close(): Promise<void>;
}

/** Another attempt would fail the same way. */
export class Refusal extends Error {}

/** Another attempt may succeed, but not before so many milliseconds. */
export class Postponement extends Error {
  constructor(
    message: string,
    readonly after: number,
  ) {
    super(message);
  }
}

interface Entry extends Delivery {
  readonly bytes: number;
  readonly settle: (arrived: boolean) => void;
}

/**
 * A sink of your own: a queue before a destination.
 * @throws UflowError ERR_UFLOW_BAD_OPTION.
 */
export function openSink(destination: Destination, options: QueueOptions = {}): Sink {
  return new QueuedSink(destination, parseOptions("openSink", z.strictObject(queueShape), options));
}

/** Records of a program's own making may have what no destination can write. */
function isJson(record: FrameRecord): boolean {
  try {
    JSON.stringify(record);
    return true;
  } catch {
    return false;
  }
}

/** Waits between attempts, milliseconds: they double. */
const firstWait = 250;
const longestWait = 30_000;
/** What a server may ask for. */
const longestPostponement = 600_000;

/**
 * A bounded queue before a destination. Records keep their order: the first are tried until they are there, refused, or
 * pushed out by later ones; waits between attempts grow from 0.25 to 30 seconds, with jitter.
 */
export class QueuedSink implements Sink {
  private waiting: Entry[] = [];
  private underWay: Entry[] = [];
  private imageBytes = 0;
  private counts = { written: 0, dropped: 0, droppedImages: 0, failures: 0 };
  private problem: string | null = null;
  /** `counts.dropped` at the end of the last losses that were told. */
  private toldLost = 0;
  private failuresInRow = 0;
  private pumping: Promise<void> | undefined;
  private closing = false;
  private closed: Promise<void> | undefined;
  private readonly ending = new AbortController();
  /** Ends the present wait. */
  private wake = () => {};
  private flushing = 0;

  constructor(
    private readonly destination: Destination,
    private readonly options: CheckedQueueOptions,
  ) {}

  get name(): string {
    return this.destination.name;
  }

  get stats(): SinkStats {
    return { queued: this.queued, ...this.counts, problem: this.problem };
  }

  private get queued(): number {
    return this.waiting.length + this.underWay.length;
  }

  write(record: FrameRecord, evidence?: Evidence): Promise<boolean> {
    return new Promise((settle) => {
      const kept = evidence && this.affordable(this.destination.wanted(record, evidence));
      const entry = { record, evidence: kept, bytes: kept ? bytesOf(kept) : 0, settle };
      this.imageBytes += entry.bytes;
      if (this.closing) this.drop(entry, "it is closed");
      else this.take(entry);
    });
  }

  private take(entry: Entry): void {
    this.waiting.push(entry);
    while (this.queued > this.options.queueSize && this.waiting.length > 0) {
      this.drop(this.waiting.shift()!, "its queue is full");
    }
    if (this.waiting.length >= this.destination.batchSize && this.failuresInRow === 0) this.wake();
    this.pumping ??= this.pump();
  }

  async flush(timeout = 5000): Promise<boolean> {
    this.flushing++;
    this.wake();
    await within(timeout, this.idle());
    this.flushing--;
    return this.queued === 0;
  }

  close(timeout = 5000): Promise<void> {
    this.closed ??= this.end(timeout);
    return this.closed;
  }

  private async end(timeout: number): Promise<void> {
    this.closing = true;
    await this.flush(timeout);
    this.ending.abort();
    this.wake();
    await this.idle();
    await this.destination.close();
  }

  private async idle(): Promise<void> {
    while (this.pumping) await this.pumping;
  }

  private affordable(evidence: Evidence | undefined): Evidence | undefined {
    if (!evidence || this.imageBytes + bytesOf(evidence) <= this.options.queueBytes) return evidence;
    this.counts.droppedImages++;
    return undefined;
  }

  private drop(entry: Entry, reason: string): void {
    if (this.counts.dropped++ === this.toldLost) this.tell(`loses records: ${reason}`);
    this.destination.lost?.(entry.record, reason);
    this.settle(entry, false);
  }

  private settle({ settle, bytes }: Entry, arrived: boolean): void {
    this.imageBytes -= bytes;
    settle(arrived);
  }

  private async pump(): Promise<void> {
    const { batchSize, linger } = this.destination;
    while (this.waiting.length > 0 && !this.ending.signal.aborted) {
      if (this.failuresInRow === 0 && this.waiting.length < batchSize) await this.sleep(linger);
      await this.attempt();
    }
    for (const entry of this.waiting.splice(0)) this.drop(entry, "it is closed");
    this.pumping = undefined;
  }

  private async attempt(): Promise<void> {
    this.underWay = this.waiting.splice(0, this.destination.batchSize);
    const { signal } = this.ending;
    try {
      await abortable(this.destination.deliver(this.underWay, signal), signal);
      this.succeed();
    } catch (error) {
      if (signal.aborted) this.waiting.unshift(...this.underWay.splice(0));
      else await this.fail(error);
    }
  }

  private succeed(): void {
    const batch = this.underWay.splice(0);
    this.counts.written += batch.length;
    const lost = this.counts.dropped - this.toldLost;
    const keepsUp = lost > 0 && this.waiting.length <= this.options.queueSize / 2;
    if (this.problem !== null || keepsUp) this.recover(lost);
    for (const entry of batch) this.settle(entry, true);
  }

  private recover(lost: number): void {
    this.tell(`works again${lost > 0 ? `; ${lost} ${lost === 1 ? "record was" : "records were"} lost` : ""}`);
    this.toldLost = this.counts.dropped;
    this.problem = null;
    this.failuresInRow = 0;
  }

  private async fail(error: unknown): Promise<void> {
    const batch = this.underWay.splice(0);
    const reason = messageOf(error);
    if (error instanceof Refusal) {
      this.failuresInRow = 0;
      for (const entry of batch) this.drop(entry, reason);
    } else {
      const possible = batch.filter((entry) => isJson(entry.record));
      for (const entry of batch) if (!possible.includes(entry)) this.drop(entry, "it is no JSON");
      this.waiting.unshift(...possible);
      this.counts.failures++;
      if (this.problem === null) this.tell(`fails and is tried again: ${reason}`);
    }
    this.problem = reason;
    if (!(error instanceof Refusal)) await this.sleep(this.waitAfter(error));
  }

  private waitAfter(error: unknown): number {
    const wait = Math.min(firstWait * 2 ** this.failuresInRow++, longestWait);
    if (error instanceof Postponement) return Math.min(error.after, longestPostponement);
    return wait * (0.5 + Math.random() / 2);
  }

  /** Shortly, where someone waits for the queue to be empty. */
  private async sleep(milliseconds: number): Promise<void> {
    const wait = this.flushing > 0 ? Math.min(milliseconds, firstWait) : milliseconds;
    if (wait === 0 || this.ending.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = () => {};
  }

  private tell(what: string): void {
    queueMicrotask(() => this.options.onProblem(`${this.name} ${what}`));
  }
}

function bytesOf({ image, inspection }: Evidence): number {
  const data = image instanceof Uint8Array ? image : image.data;
  if (!inspection) return data.byteLength;
  const { anomalyMap, logNfaMap, mask } = inspection;
  return [data, anomalyMap.data, logNfaMap.data, mask.data].reduce(
    (sum, { byteLength }) => sum + byteLength,
    0,
  );
}

/** Rejects at the signal, whatever the work does then. */
async function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = () => {};
  const aborted = new Promise<void>((_, reject) => {
    stop = () => reject(new Error("it is closed"));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
