import { Worker } from "node:worker_threads";
import { messageOf, UflowError } from "../error.js";
import { encodeNpy } from "../output/npy.js";
import type { Evidence } from "../records/record.js";
import type { PictureName } from "./api.js";
import type { Resegmentation, resegment } from "./draw.js";
import type { DrawReply, DrawRequest } from "./draw-worker.js";
import { Refusal } from "./refusal.js";

interface Pending {
  resolve: (result: never) => void;
  reject: (error: UflowError) => void;
}

type Task = DrawRequest extends infer Request
  ? Request extends { id: number }
    ? Omit<Request, "id">
    : never
  : never;

/** Pictures that may wait to be drawn. */
const mostWaiting = 256;

/** Draws pictures of results in a thread of its own, which is started with the first and replaced when it has died. */
export class Pictures {
  private worker: Worker | undefined;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;

  constructor(private readonly maxPixels: number) {}

  /**
   * @param side image.jpg only: reduces it to this longest side, pixels
   * @throws Refusal 404 where there is no verdict to be drawn, 429 when too many wait.
   */
  async draw(picture: PictureName, { image, inspection }: Evidence, side?: number): Promise<Uint8Array> {
    const { maxPixels } = this;
    if (picture === "image.jpg") {
      return await this.ask({ kind: "draw", drawing: { picture, image, side, maxPixels } });
    }
    if (!inspection) throw new Refusal(404, `There is no ${picture} of an image without a verdict`);
    if (picture === "anomaly.npy") return encodeNpy(inspection.anomalyMap);
    if (picture === "lognfa.npy") return encodeNpy(inspection.logNfaMap);
    const drawing =
      picture === "overlay.png" ? { picture, image, inspection, maxPixels } : { picture, inspection };
    return await this.ask({ kind: "draw", drawing });
  }

  /** What another ε detects: some milliseconds at 256². @throws Refusal 429. */
  async resegment(resegmentation: Resegmentation): Promise<ReturnType<typeof resegment>> {
    const { logNfaMap, anomalyMap, area, logEpsilon } = resegmentation;
    return await this.ask({
      kind: "resegment",
      resegmentation: { logNfaMap, anomalyMap, area, logEpsilon },
    });
  }

  /** Ends the thread; what waits is not drawn. */
  async close(): Promise<void> {
    await this.worker?.terminate();
  }

  private ask<T>(task: Task): Promise<T> {
    if (this.pending.size >= mostWaiting) {
      throw new Refusal(429, `${mostWaiting} pictures wait to be drawn already`);
    }
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker ??= this.start();
      this.worker.postMessage({ id, ...task });
    });
  }

  private start(): Worker {
    const worker = new Worker(new URL("./draw-worker.js", import.meta.url));
    worker.unref();
    worker.on("message", (reply: DrawReply) => {
      const pending = this.pending.get(reply.id);
      this.pending.delete(reply.id);
      if ("error" in reply) pending?.reject(new UflowError(reply.error.code, reply.error.message));
      else pending?.resolve(reply.result as never);
    });
    worker.on("error", (error) => this.end(worker, `failed: ${messageOf(error)}`));
    worker.on("exit", () => this.end(worker, "ended"));
    return worker;
  }

  private end(worker: Worker, reason: string): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const error = new UflowError("ERR_UFLOW_LANE", `The thread that draws ${reason}`);
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}
