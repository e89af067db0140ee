/** What a connection tells. Names of events are those of the service, data is parsed JSON. */
export interface LiveListener {
  opened(): void;
  event(name: string, data: unknown): void;
  /** The connection broke, or nothing came for too long. It is tried again without end. */
  lost(): void;
}

/** Milliseconds: the first pause between two tries, and the longest. */
const firstPause = 500;
const longestPause = 5000;

/** The service says something every second; a wire that was cut says nothing and is not closed. Milliseconds. */
const longestSilence = 5000;

/**
 * Server-Sent Events that come back by themselves. An `EventSource` alone gives up for ever when a starting service answers
 * with an error, and never notices a dead wire.
 */
export class LiveConnection {
  private source: EventSource | null = null;
  private tries = 0;
  private retry: number | undefined;
  private silence: number | undefined;

  constructor(
    private readonly address: string,
    private readonly names: readonly string[],
    private readonly listener: LiveListener,
  ) {
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.retryNow());
  }

  open(): void {
    clearTimeout(this.retry);
    this.retry = undefined;
    this.source?.close();
    const source = new EventSource(this.address);
    this.source = source;
    source.addEventListener("open", () => {
      this.tries = 0;
      this.heard();
      this.listener.opened();
    });
    source.addEventListener("error", () => this.broken());
    for (const name of this.names) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        this.heard();
        this.listener.event(name, JSON.parse(data));
      });
    }
    this.heard();
  }

  private heard(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.broken(), longestSilence);
  }

  private broken(): void {
    clearTimeout(this.silence);
    this.source?.close();
    this.source = null;
    // Pages that lost the same service must not all come back at the same moment.
    const pause = Math.min(longestPause, firstPause * 2 ** this.tries++) * (0.75 + 0.5 * Math.random());
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), pause);
    this.listener.lost();
  }

  private retryNow(): void {
    if (this.retry !== undefined) this.open();
  }
}
