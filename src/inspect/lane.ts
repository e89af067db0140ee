import type { Worker } from "node:worker_threads";
import { messageOf, UflowError } from "../error.js";
import { startGatedThread } from "../onnx/run-gate.js";
import type { ImageSource, Inspection } from "./inspection.js";
import type { LaneReply, LaneRequest, LaneTask } from "./lane-worker.js";

interface Pending<T> {
  resolve: (value: T) => void;
  reject: (error: UflowError) => void;
}

/** A worker thread with its own networks. Requests are answered in the order in which they came. */
export class Lane {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending<Inspection>>();
  private nextId = 0;
  /** Why nothing more can be inspected; undefined while the lane lives. */
  private ended: UflowError | undefined;
  private readonly exited: Promise<void>;

  private constructor(task: LaneTask, opening: Pending<"cpu" | "cuda">) {
    this.worker = startGatedThread(new URL("./lane-worker.js", import.meta.url), task);
    this.worker.on("message", (reply: LaneReply) => this.receive(reply, opening));
    this.exited = new Promise((resolve) => this.worker.once("exit", () => resolve()));
    const die = (reason: string) => {
      const error = new UflowError("ERR_UFLOW_LANE", reason);
      opening.reject(error);
      this.end(error);
    };
    this.worker.on("error", (error) => die(`The lane's thread failed: ${messageOf(error)}`));
    this.worker.on("exit", () => die("The lane's thread ended"));
  }

  /** @throws UflowError when the model cannot be opened on the wanted device. */
  static async open(task: LaneTask): Promise<{ lane: Lane; device: "cpu" | "cuda" }> {
    let lane: Lane | undefined;
    const device = await new Promise<"cpu" | "cuda">((resolve, reject) => {
      lane = new Lane(task, { resolve, reject });
    });
    return { lane: lane!, device };
  }

  inspect(source: ImageSource): Promise<Inspection> {
    if (this.ended) return Promise.reject(this.ended);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      try {
        this.post({ kind: "inspect", id, source });
        this.pending.set(id, { resolve, reject });
      } catch (error) {
        const message = `Expected a path, bytes or an image but received what cannot be sent: ${messageOf(error)}`;
        reject(new UflowError("ERR_UFLOW_BAD_IMAGE", message, { cause: error }));
      }
    });
  }

  /** Answers what was asked before, then ends the thread. */
  async close(): Promise<void> {
    if (!this.ended) {
      this.ended = new UflowError("ERR_UFLOW_CLOSED", "The inspector is closed");
      this.post({ kind: "close" });
    }
    await this.exited;
  }

  private post(request: LaneRequest): void {
    this.worker.postMessage(request);
  }

  private receive(reply: LaneReply, opening: Pending<"cpu" | "cuda">): void {
    if (reply.kind === "open") {
      opening.resolve(reply.device);
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
