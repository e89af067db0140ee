import type { Worker } from "node:worker_threads";
import { messageOf, UflowError } from "../error.js";
import type { TriedDevice } from "../onnx/device.js";
import { startGatedThread } from "../onnx/run-gate.js";
import type { BatchRequest, FrameReply, LaneReply, LaneRequest, LaneTask } from "./lane-worker.js";

/** What was tried for each model. */
export type Devices = (readonly TriedDevice[])[];

export interface LaneEvents {
  /** A batch is done: one reply per frame. */
  onBatch(batch: number, replies: FrameReply[]): void;
  /**
   * The thread has ended though it was not closed. `working`: the batch that it was working on or had done last. Of what
   * was sent to it, nothing more will be answered.
   */
  onDeath(reason: UflowError, working: number): void;
}

/**
 * A worker thread with the networks of one or more models, which are named by their place in the task. Batches are
 * answered in the order in which they came, whatever their model. The thread ends when all models are closed.
 */
export class Lane {
  private readonly worker: Worker;
  private readonly progress = new Int32Array(new SharedArrayBuffer(4));
  /** Models that are not closed yet. */
  private readonly models: Set<number>;
  private readonly freed = new Map<number, Freed>();
  /** Settled when the thread has ended, in whatever way. */
  readonly exited: Promise<void>;
  private readonly opened: Promise<Devices>;
  /** Whether the thread takes anything: it has opened the models, and lives. */
  private answers = false;

  private constructor(
    { models, operatingPoints, options }: Omit<LaneTask, "progress">,
    private readonly events: LaneEvents,
  ) {
    this.models = new Set(models.keys());
    const file = new URL("./lane-worker.js", import.meta.url);
    const task: LaneTask = { models, operatingPoints, options, progress: this.progress };
    this.worker = startGatedThread(file, task);
    this.exited = new Promise((resolve) => this.worker.once("exit", () => resolve()));
    this.opened = new Promise((resolve, reject) => {
      this.worker.on("message", (reply: LaneReply) => {
        if (reply.kind === "open") {
          this.answers = true;
          resolve(reply.devices);
        } else if (reply.kind === "failed") reject(new UflowError(reply.error.code, reply.error.message));
        else if (reply.kind === "closed") this.freed.get(reply.model)?.tell();
        else this.events.onBatch(reply.batch, reply.frames);
      });
      const die = (reason: string) => {
        const error = new UflowError("ERR_UFLOW_LANE", reason);
        reject(error);
        this.die(error);
      };
      this.worker.on("error", (error) => die(`The lane's thread failed: ${messageOf(error)}`));
      this.worker.on("exit", (code) => die(`The lane's thread ended with code ${code}`));
    });
  }

  /** @throws UflowError when a model cannot be opened on the wanted device. */
  static async open(
    task: Omit<LaneTask, "progress">,
    events: LaneEvents,
  ): Promise<{ lane: Lane; devices: Devices }> {
    const lane = new Lane(task, events);
    try {
      return { lane, devices: await lane.opened };
    } catch (error) {
      await lane.exited;
      throw error;
    }
  }

  /**
   * Sends frames to the thread; the memory in `transfer` goes with them.
   * @throws the system's error when one of them cannot be sent; then none is.
   */
  send(batch: BatchRequest, transfer: readonly ArrayBuffer[]): void {
    this.post(batch, transfer);
  }

  /** Frees a model after what was sent before; with the last one ends the thread. May be called again. */
  async close(model: number): Promise<void> {
    if (this.models.delete(model)) {
      this.freed.set(model, new Freed());
      if (this.answers) this.post({ kind: "close", model });
    }
    const freed = Promise.race([this.freed.get(model)!.told, this.exited]);
    await (this.models.size === 0 ? this.exited : freed);
  }

  private post(request: LaneRequest, transfer: readonly ArrayBuffer[] = []): void {
    this.worker.postMessage(request, transfer);
  }

  private die(reason: UflowError): void {
    if (!this.answers) return;
    this.answers = false;
    if (this.models.size > 0) this.events.onDeath(reason, Atomics.load(this.progress, 0));
  }
}

/** The thread tells that it has freed a model. */
class Freed {
  tell!: () => void;
  readonly told = new Promise<void>((resolve) => {
    this.tell = resolve;
  });
}
