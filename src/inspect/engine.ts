import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { Model } from "../bundle/model.js";
import { messageOf, UflowError } from "../error.js";
import { FrameMemory, type OwnSource } from "../image/frame-memory.js";
import { releaseFreedMemory } from "../kernels/freed-memory.js";
import { FairQueue } from "./fair-queue.js";
import type { Findings, ImageSource, Outcome } from "./inspection.js";
import { Job } from "./job.js";
import { type Devices, Lane } from "./lane.js";
import type { FrameReply } from "./lane-worker.js";
import { buffersOf, MapMemory } from "./map-memory.js";
import type { Meter } from "./meter.js";
import { monotonic } from "./monotonic.js";
import type { CheckedInspectOptions, EngineOptions } from "./options.js";
import { fromSent } from "./sent-regions.js";

/** Batches in a lane at most: one in the network, one that is decoded, and one that is being decoded meanwhile. */
export const laneDepth = 3;

/** Lanes that may die in a row, without an answer from any, before the engine gives up. */
const mostDeaths = 5;

/** Milliseconds before a lane is opened again when others died or failed to open just before; doubled each time. */
const firstPause = 100;
const longestPause = 10_000;

interface Task {
  models: readonly Model[];
  /** One per model. */
  operatingPoints: readonly OperatingPoint[];
  options: EngineOptions;
  /** One per model: of the inspector that asks for it. */
  meters: readonly Meter[];
}

/** A lane and what it was given, oldest first. */
interface Place {
  lane: Lane;
  batches: Map<number, readonly Job[]>;
}

/**
 * One or more models in lanes that all have the same networks: takes images on, hands them to lanes in fair order and in
 * batches, and sees to it that each has exactly one outcome, whatever becomes of a lane.
 */
export class Engine {
  private readonly memory = new FrameMemory();
  private readonly queue = new FairQueue<Job>();
  private readonly places = new Set<Place>();
  private readonly closed = new Set<number>();
  /** Those who wait for all jobs of a model. */
  private readonly idle = new Map<number, (() => void)[]>();
  /** Jobs that are not settled, per model. */
  private readonly open: number[];
  /** One per model. */
  private readonly maps: MapMemory[];
  private nextBatch = 1;
  /** Lanes that died or could not be opened since the last answer. */
  private deaths = 0;
  /** Of lanes that died, and what they left. */
  private readonly replacements = new Set<Promise<unknown>>();
  private filling: NodeJS.Timeout | undefined;
  /** Why nothing more is taken on. */
  private broken: UflowError | undefined;

  private constructor(private readonly task: Task) {
    this.open = task.models.map(() => 0);
    const { lanes, batchSize } = task.options;
    this.maps = task.models.map(() => new MapMemory(lanes * laneDepth * batchSize));
  }

  /** @throws UflowError when a model cannot be opened on the wanted device; then nothing is open. */
  static async start(task: Task): Promise<{ engine: Engine; devices: Devices }> {
    const options = { ...task.options, threads: threadsPerLane(task.options) };
    const engine = new Engine({ ...task, models: shared(task.models), options });
    const lanes = Array.from({ length: options.lanes }, () => engine.addLane());
    const opened = await Promise.allSettled(lanes);
    const failed = opened.find((each) => each.status === "rejected");
    if (!failed) return { engine, devices: await lanes[0]! };
    await Promise.all(task.models.map((_, model) => engine.close(model)));
    throw failed.reason;
  }

  /**
   * @returns what the image comes to, "undecided" only by its deadline
   * @throws UflowError ERR_UFLOW_BUSY, ERR_UFLOW_CLOSED, ERR_UFLOW_ABORTED, ERR_UFLOW_BAD_IMAGE, ERR_UFLOW_NETWORK, ERR_UFLOW_LANE.
   */
  inspect(model: number, source: ImageSource, options: CheckedInspectOptions): Promise<Outcome<Findings>> {
    const meter = this.task.meters[model]!;
    const refusal = this.refusal(model, options);
    if (refusal) {
      if (refusal.code === "ERR_UFLOW_BUSY") meter.count("refused");
      return Promise.reject(refusal);
    }
    let own: OwnSource;
    try {
      own = this.memory.take(source, options.transfer);
    } catch (error) {
      meter.count("accepted");
      meter.count("failed");
      return Promise.reject(cannotTake(error));
    }
    const job = new Job(model, own, options, meter, (ended) => this.endEarly(ended));
    this.open[model]! += 1;
    this.queue.add(job);
    this.dispatch();
    const settled = () => this.settle(model);
    job.outcome.then(settled, settled);
    return job.outcome;
  }

  /** Takes the maps of an outcome away, for further ones of the model. */
  release(model: number, outcome: Outcome<Findings>): void {
    this.maps[model]!.giveBack(outcome);
  }

  /** Images of a model that wait, and that are in lanes; and lanes that live. */
  load(model: number): { queued: number; underWay: number; lanes: number } {
    let queued = 0;
    for (const job of this.queue) if (job.model === model) queued += 1;
    return { queued, underWay: this.open[model]! - queued, lanes: this.places.size };
  }

  /** Whether an image would go to a lane at once. */
  get hasRoom(): boolean {
    return this.queue.size === 0 && [...this.places].some(({ batches }) => batches.size === 0);
  }

  /** Settled when every image of the model that was taken on has its outcome. */
  drain(model: number): Promise<void> {
    if (this.open[model] === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.idle.get(model) ?? [];
      waiting.push(resolve);
      this.idle.set(model, waiting);
    });
  }

  /** Takes nothing more on for the model, finishes what was taken on, and frees it; with the last one ends the lanes. */
  async close(model: number): Promise<void> {
    this.closed.add(model);
    await this.drain(model);
    this.maps[model]!.close();
    await Promise.all([...this.places].map(({ lane }) => lane.close(model)));
    if (!this.finished) return;
    this.places.clear();
    // A lane that was being opened sees by itself that nobody needs it.
    await Promise.all(this.replacements);
    await releaseFreedMemory();
  }

  /** All models are closed, and nothing is under way. */
  private get finished(): boolean {
    return this.closed.size === this.open.length && this.open.every((count) => count === 0);
  }

  private refusal(model: number, { signal }: CheckedInspectOptions): UflowError | undefined {
    if (this.closed.has(model)) return new UflowError("ERR_UFLOW_CLOSED", "The inspector is closed");
    if (this.broken) return this.broken;
    if (signal?.aborted) return new UflowError("ERR_UFLOW_ABORTED", "The inspection was withdrawn");
    const { queueSize } = this.task.options;
    if (this.queue.size < queueSize) return undefined;
    return new UflowError(
      "ERR_UFLOW_BUSY",
      `The queue is full: ${queueSize} images wait for a lane. Wait for outcomes before asking for more, as stream() does; open more lanes; or raise queueSize`,
    );
  }

  private settle(model: number): void {
    this.open[model]! -= 1;
    if (this.open[model]! > 0) return;
    for (const resolve of this.idle.get(model) ?? []) resolve();
    this.idle.delete(model);
  }

  private endEarly(job: Job): void {
    this.queue.remove(job);
  }

  /** Hands out what lanes have room for. */
  private dispatch(): void {
    clearTimeout(this.filling);
    for (let place = this.roomiest(); place; place = this.roomiest()) {
      const jobs = this.takeBatch(place);
      if (jobs.length === 0) return;
      this.send(place, jobs);
    }
  }

  /** The lane with the fewest batches, if it may have one more. */
  private roomiest(): Place | undefined {
    let best: Place | undefined;
    for (const place of this.places) {
      if (!best || place.batches.size < best.batches.size) best = place;
    }
    return best && best.batches.size < laneDepth ? best : undefined;
  }

  /** What waits, up to a batch; nothing where more may come before the lane needs it. */
  private takeBatch(place: Place): Job[] {
    const { batchSize, batchWait } = this.task.options;
    const first = this.queue.peek();
    if (!first) return [];
    if (this.queue.size < batchSize) {
      if (place.batches.size > 0) return [];
      const left = first.accepted + batchWait - monotonic();
      if (left > 0) {
        this.filling = setTimeout(() => this.dispatch(), left);
        return [];
      }
    }
    // One that has been in a lane that died goes alone, so that it can take no other with it.
    return this.queue.take(
      first.deaths > 0 ? 1 : batchSize,
      (job, { model }) => job.model === model && job.deaths === 0,
    );
  }

  private send({ lane, batches }: Place, jobs: readonly Job[]): void {
    const batch = this.nextBatch;
    this.nextBatch = (this.nextBatch % (2 ** 31 - 1)) + 1;
    const frames = jobs.map(({ own, expires, maps }) => ({ source: own.source, expires, maps }));
    const { model } = jobs[0]!;
    const spares = this.maps[model]!.take(jobs.filter(({ maps }) => maps !== "none").length);
    const transfer = [...jobs.flatMap(({ own }) => own.transfer), ...spares.flatMap(buffersOf)];
    try {
      lane.send({ kind: "batch", model, batch, frames, spares }, transfer);
    } catch (error) {
      this.refuse({ lane, batches }, jobs, error);
      return;
    }
    for (const job of jobs) job.enterLane();
    batches.set(batch, jobs);
  }

  /** One of the jobs cannot be sent: it alone fails. */
  private refuse(place: Place, jobs: readonly Job[], cause: unknown): void {
    if (jobs.length > 1) {
      for (const job of jobs) this.send(place, [job]);
      return;
    }
    const message = `Expected a path, bytes or an image but received what cannot be sent: ${messageOf(cause)}`;
    jobs[0]!.fail(new UflowError("ERR_UFLOW_BAD_IMAGE", message, { cause }));
  }

  private receive(place: Place, batch: number, replies: readonly FrameReply[]): void {
    const jobs = place.batches.get(batch) ?? [];
    place.batches.delete(batch);
    this.deaths = 0;
    for (const [i, job] of jobs.entries()) {
      const reply = replies[i];
      job.leaveLane();
      if (!reply) job.expire();
      else if ("error" in reply) job.fail(new UflowError(reply.error.code, reply.error.message));
      else job.decide({ ...reply.findings, regions: fromSent(reply.regions) });
    }
    this.dispatch();
  }

  private async addLane(): Promise<Devices> {
    const batches: Place["batches"] = new Map();
    let place: Place | undefined;
    const { lane, devices } = await Lane.open(this.task, {
      onBatch: (batch, replies) => this.receive(place!, batch, replies),
      onDeath: (reason, working) => this.bury(place!, reason, working),
    });
    place = { lane, batches };
    this.places.add(place);
    // Those that were closed meanwhile, or before the lane that this one replaces died.
    const closed = [...this.closed].filter((model) => this.open[model] === 0);
    await Promise.all(closed.map((model) => lane.close(model)));
    this.dispatch();
    return devices;
  }

  /** A lane has died: its work is done again, once, and it is replaced. */
  private bury(place: Place, reason: UflowError, working: number): void {
    this.places.delete(place);
    this.deaths += 1;
    for (const meter of this.task.meters) meter.laneDied(reason.message);
    // Where it worked on none, it may have died of decoding any.
    const known = place.batches.has(working);
    for (const [batch, jobs] of [...place.batches].reverse()) {
      for (const job of jobs.toReversed()) this.again(job, reason, batch === working || !known);
    }
    place.batches.clear();
    const freed = place.lane.exited.then(releaseFreedMemory);
    const replaced = Promise.all([this.replaceLane(reason), freed]);
    const replacement = replaced.finally(() => this.replacements.delete(replacement));
    this.replacements.add(replacement);
    this.dispatch();
  }

  private again(job: Job, reason: UflowError, suspect: boolean): void {
    job.leaveLane();
    if (job.settled) return;
    if (suspect) job.deaths += 1;
    if (job.deaths > 1 || job.own.transfer.length > 0) {
      const problem =
        job.deaths > 1
          ? "A lane died with this image, and so did the one that tried it again"
          : "A lane died, and with it the image, whose memory had been handed over";
      job.fail(new UflowError("ERR_UFLOW_LANE", `${problem}: ${reason.message}`, { cause: reason }));
      return;
    }
    this.task.meters[job.model]!.count("retried");
    this.queue.putBack(job);
  }

  private async replaceLane(reason: UflowError): Promise<void> {
    for (let last = reason; !this.finished; ) {
      if (this.deaths > mostDeaths && this.places.size === 0) {
        this.giveUp(last);
        return;
      }
      if (this.deaths > 1) await sleep(Math.min(longestPause, firstPause * 2 ** (this.deaths - 2)));
      try {
        await this.addLane();
        return;
      } catch (error) {
        this.deaths += 1;
        last = error as UflowError;
      }
    }
  }

  private giveUp(reason: UflowError): void {
    this.broken = new UflowError(
      "ERR_UFLOW_LANE",
      `No lane lives any more: ${this.deaths} in a row died or could not be opened. Open the model again. The last one: ${reason.message}`,
      { cause: reason },
    );
    for (const job of [...this.queue]) {
      this.queue.remove(job);
      job.fail(this.broken);
    }
  }
}

/** Memory was not to be had, or what is no plain data threw when it was read. */
function cannotTake(cause: unknown): UflowError {
  const reason = messageOf(cause);
  if (cause instanceof RangeError) {
    return new UflowError("ERR_UFLOW_MEMORY", `There is no memory for a copy of the image: ${reason}`, {
      cause,
    });
  }
  return new UflowError("ERR_UFLOW_BAD_IMAGE", `Cannot read the image: ${reason}`, { cause });
}

/** 0 with one lane: ONNX Runtime knows the physical cores. */
function threadsPerLane({ lanes, threads }: EngineOptions): number {
  if (threads > 0 || lanes === 1) return threads;
  return Math.max(1, Math.floor(availableParallelism() / lanes));
}

/** The models in memory that lanes share, so that opening one more copies nothing; a backbone of several is one. */
function shared(models: readonly Model[]): Model[] {
  const copies = new Map<Uint8Array, Uint8Array>();
  const copy = (bytes: Uint8Array) => {
    const known = copies.get(bytes) ?? new Uint8Array(new SharedArrayBuffer(bytes.length));
    known.set(bytes);
    copies.set(bytes, known);
    return known;
  };
  return models.map((model) => ({ ...model, backbone: copy(model.backbone), flow: copy(model.flow) }));
}
