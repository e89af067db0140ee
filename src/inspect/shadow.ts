import { messageOf } from "../error.js";
import type { Engine } from "./engine.js";
import type { Comparison, Findings, ImageSource, Outcome } from "./inspection.js";
import type { CheckedInspectOptions } from "./options.js";

/** Images since the shadow was opened. */
export interface ShadowStats {
  /** With both verdicts. */
  compared: number;
  agreed: number;
  /** Anomalous for the model in charge only. */
  onlyLive: number;
  /** Anomalous for the candidate only. */
  onlyCandidate: number;
  /** Not shown to the candidate, because it had no time, or by `share`. */
  skipped: number;
  /** Without one of the verdicts. */
  failed: number;
}

/**
 * A candidate model that runs beside the one in charge and decides nothing. It sees an image when its lane is free, so that
 * it never makes one wait in a queue; it does take time of the machine.
 */
export class Shadow implements AsyncDisposable {
  readonly stats: ShadowStats = {
    compared: 0,
    agreed: 0,
    onlyLive: 0,
    onlyCandidate: 0,
    skipped: 0,
    failed: 0,
  };
  private readonly open = new Set<Promise<void>>();
  private due = 0;
  private closed = false;

  /** @internal `Inspector.shadow()` makes it. */
  constructor(
    private readonly engine: Engine,
    /** SHA-256 of the candidate's file. */
    readonly model: string,
    private readonly share: number,
    private readonly onComparison: ((comparison: Comparison) => void) | undefined,
    private readonly onClose: () => void,
  ) {}

  /** @internal Whether it will look at the next image. */
  wants(): boolean {
    this.due += this.share;
    if (!this.closed && this.due >= 1 && this.engine.hasRoom) {
      this.due %= 1;
      return true;
    }
    this.stats.skipped += 1;
    return false;
  }

  /** @internal Looks at an image that the model in charge looks at, too. */
  look(source: ImageSource, live: Promise<Outcome<Findings>>, options: CheckedInspectOptions): void {
    const own = { ...options, deadline: undefined, signal: undefined, transfer: false };
    const comparison = Promise.allSettled([live, this.engine.inspect(0, source, own)]).then((both) => {
      const [first, second] = both.map((each) => (each.status === "fulfilled" ? each.value : undefined));
      this.compare(first, second);
      this.open.delete(comparison);
    });
    this.open.add(comparison);
  }

  /** Takes on nothing more, finishes what it looks at, and frees the candidate. May be called again. */
  async close(): Promise<void> {
    if (!this.closed) this.onClose();
    this.closed = true;
    await this.engine.close(0);
    await Promise.all(this.open);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private compare(live: Outcome<Findings> | undefined, candidate: Outcome<Findings> | undefined): void {
    const { stats } = this;
    if (!live || !candidate || live.verdict === "undecided" || candidate.verdict === "undecided") {
      stats.failed += 1;
      return;
    }
    stats.compared += 1;
    if (live.anomalous === candidate.anomalous) stats.agreed += 1;
    else if (live.anomalous) stats.onlyLive += 1;
    else stats.onlyCandidate += 1;
    try {
      this.onComparison?.({ live, candidate });
    } catch (error) {
      // Whatever watches the candidate must not stop the line.
      process.emitWarning(`onComparison of a shadow failed: ${messageOf(error)}`);
    }
  }
}
