import { type ChildProcess, fork } from "node:child_process";
import { messageOf, UflowError } from "../error.js";
import type { RawImage } from "../kernels/index.js";
import type { Inspected, Opened, WayAnswer, WayReply, WayRequest } from "./way-process.js";
import type { Way } from "./ways.js";

interface Pending {
  resolve: (value: WayAnswer) => void;
  reject: (error: UflowError) => void;
}

/** A way in a process of its own. One request at a time. */
export class RunningWay implements AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private pending: Pending | undefined;
  private ended: UflowError | undefined;

  private constructor({ instructionSet }: Way, signal: AbortSignal | undefined) {
    const env = { ...process.env, ...(instructionSet && { UFLOW_INSTRUCTION_SET: instructionSet }) };
    this.child = fork(new URL("./way-process.js", import.meta.url), [], {
      env,
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      killSignal: "SIGKILL",
      ...(signal && { signal }),
    });
    this.child.on("message", (reply: WayReply) => this.receive(reply));
    this.exited = new Promise((resolve) => {
      this.child.on("error", (error) => {
        this.end(`failed: ${messageOf(error)}`);
        // One that could not be started never exits.
        if (this.child.pid === undefined) resolve();
      });
      this.child.once("exit", (status, killedBy) => {
        this.end(`ended with ${killedBy ? `signal ${killedBy}` : `status ${status}`}`);
        resolve();
      });
    });
  }

  /** @throws UflowError: what `Inspector.open()` throws; ERR_UFLOW_LANE when the process dies or `signal` ends it. */
  static async open(way: Way, model: string, signal?: AbortSignal): Promise<[RunningWay, Opened]> {
    const running = new RunningWay(way, signal);
    try {
      const opened = await running.ask({ kind: "open", model, options: way.options });
      return [running, opened as Opened];
    } catch (error) {
      await running.close();
      throw error;
    }
  }

  /** @param latents whether they are wanted, too */
  async inspect(image: RawImage, { latents = false } = {}): Promise<Inspected> {
    return (await this.ask({ kind: "inspect", image, latents })) as Inspected;
  }

  async close(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    await this.exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private ask(request: WayRequest): Promise<WayAnswer> {
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
      this.child.send(request, (error) => error && this.end(`cannot be reached: ${error.message}`));
    });
  }

  private receive(reply: WayReply): void {
    if ("value" in reply) this.pending?.resolve(reply.value);
    else this.pending?.reject(new UflowError(reply.error.code, reply.error.message));
    this.pending = undefined;
  }

  private end(reason: string): void {
    this.ended ??= new UflowError("ERR_UFLOW_LANE", `The process ${reason}`);
    this.pending?.reject(this.ended);
    this.pending = undefined;
  }
}
