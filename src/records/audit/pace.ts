const hour = 3_600_000;
const day = 24 * hour;

/**
 * How fast age may remove records: a day of them at first, and a day more with each hour that passes, by a clock that nobody
 * sets. A line that runs grows old by an hour in an hour, so that this holds up nothing; of what seems old because the
 * clock was set forward it leaves time to notice.
 */
export class Pace {
  /** Milliseconds of recorded time. */
  private left = day;
  private since: number;

  /** @param elapsed milliseconds, of a clock that is never set */
  constructor(private readonly elapsed: () => number) {
    this.since = elapsed();
  }

  /** How much recorded time may go now, milliseconds. */
  get allowed(): number {
    const now = this.elapsed();
    this.left = Math.min(day, this.left + ((now - this.since) * day) / hour);
    this.since = now;
    return this.left;
  }

  /** Whether as much may go as ever at once. */
  get full(): boolean {
    return this.allowed === day;
  }

  /** @param gone how much recorded time went; by leaps of the clock it may be anything */
  spend(gone: number): void {
    this.left = Math.min(Math.max(this.allowed - Math.max(gone, 0), 0), day);
  }
}
