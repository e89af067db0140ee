import { Worker } from "node:worker_threads";
import { messageOf, UflowError } from "../error.js";
import type { ImageMeasure, MeasuredMaps, PixelMeasures } from "./measurement.js";
import type { MeasurementReply, MeasurementRequest, MeasurementTask } from "./measurement-worker.js";

/**
 * A `Measurement` in a thread of its own, since it sorts all pixels. Requests are answered one at a time: wait for each.
 * Every method rejects with UflowError: ERR_UFLOW_BAD_TENSOR, ERR_UFLOW_MEMORY, ERR_UFLOW_LANE when the thread dies,
 * ERR_UFLOW_ABORTED as soon as the signal says so.
 */
export class MeasurementThread implements AsyncDisposable {
  private readonly worker: Worker;
  private settle: { resolve: (value: never) => void; reject: (error: UflowError) => void } | null = null;
  private ended: UflowError | null = null;

  /** @param logEpsilon the operating point @param aborted what the signal rejects requests with */
  constructor(
    task: MeasurementTask,
    private readonly signal: AbortSignal | undefined,
    private readonly aborted: () => UflowError,
  ) {
    this.worker = new Worker(new URL("./measurement-worker.js", import.meta.url), { workerData: task });
    this.worker.on("message", this.onReply);
    this.worker.on("error", (error) => this.end(lane(`failed: ${messageOf(error)}`)));
    this.worker.on("exit", (code) => this.end(lane(`ended with code ${code}`)));
    signal?.addEventListener("abort", this.onAbort, { once: true });
    if (signal?.aborted) this.onAbort();
  }

  /** The maps are copied. */
  add(maps: MeasuredMaps): Promise<ImageMeasure> {
    return this.ask({ maps });
  }

  result(): Promise<PixelMeasures> {
    return this.ask("result");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal?.removeEventListener("abort", this.onAbort);
    this.end(lane("was closed"));
    await this.worker.terminate();
  }

  private ask<T extends ImageMeasure | PixelMeasures>(request: MeasurementRequest): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.ended) return reject(this.ended);
      this.settle = { resolve, reject };
      this.worker.postMessage(request);
    });
  }

  private readonly onReply = (reply: MeasurementReply) => {
    const { settle } = this;
    this.settle = null;
    if ("value" in reply) settle?.resolve(reply.value as never);
    else settle?.reject(new UflowError(reply.error.code, reply.error.message));
  };

  private readonly onAbort = () => this.end(this.aborted());

  private end(error: UflowError): void {
    this.ended ??= error;
    this.settle?.reject(this.ended);
    this.settle = null;
  }
}

const lane = (what: string) => new UflowError("ERR_UFLOW_LANE", `The thread that counts pixels ${what}`);
