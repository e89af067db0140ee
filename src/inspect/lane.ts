import type { Worker } from "node:worker_threads";
import { messageOf, UflowError } from "../error.js";
import { startGatedThread } from "../onnx/run-gate.js";
import type { ImageSource, Inspection } from "./inspection.js";
import type { LaneReply, LaneRequest, LaneTask } from "./lane-worker.js";

interface Pending<T> {
  resolve: (value: T) => void;
  reject: (error: UflowError) => void;
}

type Devices = ("cpu" | "cuda")[];

/**
 * A worker thread with the networks of one or more models, which are named by their place in the task. Requests are
 * answered in the order in which they came, whatever their model. The thread ends when all models are closed.
 */
export class Lane {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending<Inspection>>();
  private nextId = 0;
  /** Models that are not closed yet. */
  private readonly open: Set<number>;
  /** By model: settled when the thread has freed it, or has ended. */
  private readonly freed: readonly Promise<void>[];
  private readonly tellFreed: (() => void)[] = [];
  /** Why nothing more can be inspected; undefined while the thread lives. */
  private ended: UflowError | undefined;
  private readonly exited: Promise<void>;

  private constructor(task: LaneTask, opening: Pending<Devices>) {
    this.open = new Set(task.models.keys());
    this.worker = startGatedThread(new URL("./lane-worker.js", import.meta.url), task);
    this.worker.on("message", (reply: LaneReply) => this.receive(reply, opening));
    this.exited = new Promise((resolve) => this.worker.once("exit", () => resolve()));
    this.freed = task.models.map((_, model) => {
      const told = new Promise<void>((resolve) => {
        this.tellFreed[model] = resolve;
      });
      return Promise.race([told, this.exited]);
    });
    const die = (reason: string) => {
      const error = new UflowError("ERR_UFLOW_LANE", reason);
      opening.reject(error);
      this.end(error);
    };
    this.worker.on("error", (error) => die(`The lane's thread failed: ${messageOf(error)}`));
    this.worker.on("exit", () => die("The lane's thread ended"));
  }

  /** @throws UflowError when a model cannot be opened on the wanted device. */
  static async open(task: LaneTask): Promise<{ lane: Lane; devices: Devices }> {
    let lane: Lane | undefined;
    const devices = await new Promise<Devices>((resolve, reject) => {
      lane = new Lane(task, { resolve, reject });
    });
    return { lane: lane!, devices };
  }

  inspect(model: number, source: ImageSource): Promise<Inspection> {
    if (!this.open.has(model)) {
      return Promise.reject(new UflowError("ERR_UFLOW_CLOSED", "The inspector is closed"));
    }
    if (this.ended) return Promise.reject(this.ended);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      try {
        this.post({ kind: "inspect", model, id, source });
        this.pending.set(id, { resolve, reject });
      } catch (error) {
        const message = `Expected a path, bytes or an image but received what cannot be sent: ${messageOf(error)}`;
        reject(new UflowError("ERR_UFLOW_BAD_IMAGE", message, { cause: error }));
      }
    });
  }

  /** Answers what was asked before, then frees the model; with the last one ends the thread. */
  async close(model: number): Promise<void> {
    if (this.open.delete(model) && !this.ended) this.post({ kind: "close", model });
    await (this.open.size === 0 ? this.exited : this.freed[model]);
  }

  private post(request: LaneRequest): void {
    this.worker.postMessage(request);
  }

  private receive(reply: LaneReply, opening: Pending<Devices>): void {
    if (reply.kind === "open") {
      opening.resolve(reply.devices);
      return;
    }
    if (reply.kind === "closed") {
      this.tellFreed[reply.model]!();
      return;
    }
    const error = "error" in reply ? new UflowError(reply.error.code, reply.error.message) : undefined;
    if (reply.kind === "failed") {
      opening.reject(error!);
      this.end(error!);
      return;
    }
    const pending = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    if (reply.kind === "result") pending?.resolve(reply.inspection);
    else pending?.reject(error!);
  }

  private end(reason: UflowError): void {
    this.ended ??= reason;
    for (const { reject } of this.pending.values()) reject(reason);
    this.pending.clear();
  }
}
