import type { Evidence, FrameRecord, Sink, SinkStats } from "./record.js";

/**
 * Several sinks as one. Each has a queue of its own, so that none delays another; one that throws or rejects, as only a
 * sink of your own can, counts as not having taken the record.
 */
export class Sinks implements Sink {
  readonly name = "sinks";

  constructor(readonly each: readonly Sink[]) {}

  /** Sums over all; `problem` is that of the first that has one. */
  get stats(): SinkStats {
    const none: SinkStats = {
      queued: 0,
      written: 0,
      dropped: 0,
      droppedImages: 0,
      failures: 0,
      problem: null,
    };
    return this.each.reduce((sum, { stats }) => added(sum, stats), none);
  }

  /** @returns whether it arrived everywhere. */
  write(record: FrameRecord, evidence?: Evidence): Promise<boolean> {
    return this.all((sink) => sink.write(record, evidence));
  }

  flush(timeout?: number): Promise<boolean> {
    return this.all((sink) => sink.flush(timeout));
  }

  async close(timeout?: number): Promise<void> {
    await this.all(async (sink) => {
      await sink.close(timeout);
      return true;
    });
  }

  private async all(work: (sink: Sink) => Promise<boolean>): Promise<boolean> {
    const results = await Promise.allSettled(this.each.map(async (sink) => work(sink)));
    return results.every((result) => result.status === "fulfilled" && result.value);
  }
}

const added = (a: SinkStats, b: SinkStats): SinkStats => ({
  queued: a.queued + b.queued,
  written: a.written + b.written,
  dropped: a.dropped + b.dropped,
  droppedImages: a.droppedImages + b.droppedImages,
  failures: a.failures + b.failures,
  problem: a.problem ?? b.problem,
});
