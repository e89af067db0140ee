import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { messageOf, UflowError } from "../error.js";
import type { DeviceName, TriedDevice } from "../onnx/device.js";
import { startGatedThread } from "../onnx/run-gate.js";
import type { BareReply, BareRequest, BareTask } from "./bare-worker.js";

/** A thread with a network and nothing else: what a lane could do at best. One request at a time. */
class BareLane {
  private constructor(
    private readonly worker: Worker,
    readonly tried: readonly TriedDevice[],
  ) {}

  /** Opens the network and runs it once. @throws UflowError ERR_UFLOW_DEVICE, ERR_UFLOW_NETWORK, ERR_UFLOW_LANE. */
  static async open(task: BareTask): Promise<BareLane> {
    const worker = startGatedThread(new URL("./bare-worker.js", import.meta.url), task);
    const reply = await replyOf(worker);
    if (reply.kind === "open") return new BareLane(worker, reply.tried);
    throw refused(reply);
  }

  /** @returns milliseconds of each run. */
  async run(request: BareRequest): Promise<Float64Array> {
    const reply = replyOf(this.worker);
    this.worker.postMessage(request);
    const answer = await reply;
    if (answer.kind === "ran") return answer.durations;
    throw refused(answer);
  }

  async close(): Promise<void> {
    const exited = once(this.worker, "exit");
    this.worker.postMessage("close");
    await exited;
  }
}

/** Several at once. */
export class BareLanes implements AsyncDisposable {
  private constructor(private readonly lanes: readonly BareLane[]) {}

  /** @throws UflowError as `BareLane.open()` does; then none is open. */
  static async open(count: number, task: BareTask): Promise<BareLanes> {
    const opened = await Promise.allSettled(Array.from({ length: count }, () => BareLane.open(task)));
    const lanes = new BareLanes(opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
    const failed = opened.find((each) => each.status === "rejected");
    if (!failed) return lanes;
    await lanes.close();
    throw failed.reason;
  }

  get device(): DeviceName {
    return this.lanes[0]!.tried.at(-1)!.device;
  }

  /** @returns milliseconds of each run, per lane. */
  run(request: BareRequest): Promise<Float64Array[]> {
    return Promise.all(this.lanes.map((lane) => lane.run(request)));
  }

  async close(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The next message. @throws UflowError ERR_UFLOW_LANE when the thread ends before. */
async function replyOf(worker: Worker): Promise<BareReply> {
  const settled = new AbortController();
  const next = (event: string) => once(worker, event, { signal: settled.signal });
  const ended = next("exit").then(() => {
    throw new Error("it ended");
  });
  try {
    const [reply] = await Promise.race([next("message"), ended]);
    return reply;
  } catch (error) {
    throw new UflowError("ERR_UFLOW_LANE", `The network's thread failed: ${messageOf(error)}`);
  } finally {
    settled.abort();
  }
}

function refused(reply: BareReply): UflowError {
  if (reply.kind === "failed") return new UflowError(reply.error.code, reply.error.message);
  return new UflowError("ERR_UFLOW_LANE", `The network's thread answered "${reply.kind}" out of turn`);
}
