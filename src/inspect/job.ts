import { setMaxListeners } from "node:events";
import { UflowError } from "../error.js";
import type { OwnSource } from "../image/frame-memory.js";
import type { Queued } from "./fair-queue.js";
import type { Findings, Outcome } from "./inspection.js";
import type { Meter } from "./meter.js";
import { monotonic } from "./monotonic.js";
import type { CheckedInspectOptions, WantedMaps } from "./options.js";

/** An image on its way to its outcome, of which it has one: what comes later is dropped. */
export class Job implements Queued {
  readonly station: string;
  readonly priority: number;
  readonly maps: WantedMaps;
  readonly accepted = monotonic();
  /** By the monotonic clock, milliseconds; Infinity where there is no deadline. */
  readonly expires: number;
  /** When it last went to a lane. */
  sent = this.accepted;
  /** Lanes that died while they worked on it. */
  deaths = 0;
  readonly outcome: Promise<Outcome<Findings>>;
  private readonly resolve: (outcome: Outcome<Findings>) => void;
  private readonly reject: (error: UflowError) => void;
  private readonly timer: NodeJS.Timeout | undefined;
  private readonly withdraw: (() => void) | undefined;
  private done = false;
  private inLane = false;

  /**
   * @param model its place in the lanes
   * @param own the image, whose memory is given back when there is an outcome and no lane works on it
   * @param onEarlyEnd called at its deadline, or when it is withdrawn
   */
  constructor(
    readonly model: number,
    readonly own: OwnSource,
    private readonly options: CheckedInspectOptions,
    private readonly meter: Meter,
    onEarlyEnd: (job: Job) => void,
  ) {
    const { station, priority, maps, deadline, signal } = options;
    // Of models in the same lanes, each has stations of its own.
    this.station = `${model} ${station}`;
    this.priority = priority;
    this.maps = maps;
    this.expires = this.accepted + (deadline ?? Number.POSITIVE_INFINITY);
    let resolve!: (outcome: Outcome<Findings>) => void;
    let reject!: (error: UflowError) => void;
    this.outcome = new Promise((...settle) => {
      [resolve, reject] = settle;
    });
    this.resolve = resolve;
    this.reject = reject;
    if (deadline !== undefined) {
      this.timer = setTimeout(() => {
        this.expire();
        onEarlyEnd(this);
      }, deadline);
    }
    if (signal) {
      this.withdraw = () => {
        this.fail(new UflowError("ERR_UFLOW_ABORTED", "The inspection was withdrawn"), "withdrawn");
        onEarlyEnd(this);
      };
      // One signal for many images is no leak.
      setMaxListeners(0, signal);
      signal.addEventListener("abort", this.withdraw, { once: true });
    }
    meter.count("accepted");
  }

  /** Whether the outcome is settled. */
  get settled(): boolean {
    return this.done;
  }

  /** Has gone to a lane. */
  enterLane(): void {
    this.sent = monotonic();
    this.inLane = true;
  }

  /** The lane has answered or died. An outcome may have come before, at the deadline. */
  leaveLane(): void {
    this.inLane = false;
    if (this.done) this.own.release();
  }

  decide(findings: Findings): void {
    const now = monotonic();
    // The timer may be late; a verdict must not be.
    if (now >= this.expires) this.expire();
    if (!this.finish()) return;
    const { timings } = findings;
    timings.wait = this.sent - this.accepted;
    timings.total = now - this.accepted;
    this.meter.verdict(findings);
    this.resolve(findings);
  }

  expire(): void {
    if (!this.finish()) return;
    this.meter.count("undecided");
    const message = `There was no verdict within the deadline of ${this.options.deadline} ms`;
    this.resolve({
      verdict: "undecided",
      reason: "deadline",
      error: { code: "ERR_UFLOW_DEADLINE", message },
    });
  }

  fail(error: UflowError, as: "failed" | "withdrawn" = "failed"): void {
    if (!this.finish()) return;
    this.meter.count(as);
    this.reject(error);
  }

  private finish(): boolean {
    if (this.done) return false;
    this.done = true;
    clearTimeout(this.timer);
    if (this.withdraw) this.options.signal?.removeEventListener("abort", this.withdraw);
    if (!this.inLane) this.own.release();
    return true;
  }
}
