import "./telemetry.js";
import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import { messageOf, UflowError } from "../error.js";
import { type Device, type DeviceName, devicesToTry, executionProvider, type TriedDevice } from "./device.js";
import { withFewerMultiplications } from "./fewer-multiplications.js";
import type { RunGate } from "./run-gate.js";

// What fails reaches the caller as an exception; ONNX Runtime would print it as well.
ort.env.logLevel = "fatal";

export interface SessionOptions {
  /** `auto` is tried in the order of `devicesToTry`. */
  device: Device;
  /** Threads of one run on the CPU; 0 lets ONNX Runtime take one per physical core. */
  threads: number;
  /**
   * How far the graph is rewritten before it runs; default: all, by ONNX Runtime and, for few threads of a CPU, by
   * `withFewerMultiplications`.
   */
  graphOptimizationLevel?: "all" | "disabled" | undefined;
  /**
   * Whether the memory of a run is planned as one block from the run before. Default true. Without it a training step
   * takes 25 … 42 % less memory and no more time.
   */
  memoryPattern?: boolean | undefined;
  /** Passed whenever ONNX Runtime is entered; needed in a worker thread, which may end at any time. */
  gate?: RunGate | undefined;
  /** The folder of the model's weights file, where it has one. The file must not be changed while the session is open. */
  weightsFolder?: string | undefined;
}

/** For the main thread, which does not end inside of ONNX Runtime. */
const noGate: Pick<RunGate, "pass"> = { pass: (work) => work() };

export interface Tensor {
  data: Float32Array;
  dims: readonly number[];
}

/**
 * An ONNX Runtime session with plain float32 tensors in and out. Creating and running are synchronous inside
 * onnxruntime-node: use it in a worker thread.
 */
export class Session {
  private constructor(
    private readonly session: ort.InferenceSession,
    /** The device that was taken, after those that failed. */
    readonly tried: readonly TriedDevice[],
    private readonly gate: Pick<RunGate, "pass">,
  ) {}

  /**
   * Opens a model on the wanted device.
   * @throws UflowError ERR_UFLOW_DEVICE when the device is not available, ERR_UFLOW_NETWORK when the model is refused.
   */
  static async create(model: Uint8Array, options: SessionOptions): Promise<Session> {
    const { gate = noGate } = options;
    const failed: TriedDevice[] = [];
    let cause: unknown;
    for (const device of devicesToTry(options.device)) {
      try {
        const session = await gate.pass(() => open(model, device, options));
        return new Session(session, [...failed, { device, taken: true }], gate);
      } catch (error) {
        cause = error;
        failed.push({ device, taken: false, reason: messageOf(error) });
      }
    }
    throw refusal(failed.at(-1)!.device, cause);
  }

  /** The device that was taken. */
  get device(): DeviceName {
    return this.tried.at(-1)!.device;
  }

  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.session.outputNames;
  }

  /**
   * Runs the network. Inputs are read in place; outputs are fresh memory. Never pass an output's buffer as input of
   * the run that yields it.
   * @param outputs those that are wanted; default: all
   */
  async run(
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly string[] = this.outputNames,
  ): Promise<Record<string, Tensor>> {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { data, dims }]) => [name, new ort.Tensor("float32", data, dims)]),
    );
    try {
      const results = await this.gate.pass(() => this.session.run(feeds, outputs));
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [
          name,
          { data: tensor.data as Float32Array, dims: tensor.dims },
        ]),
      );
    } catch (error) {
      throw new UflowError("ERR_UFLOW_NETWORK", `ONNX Runtime failed: ${messageOf(error)}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.gate.pass(() => this.session.release());
  }
}

function open(
  model: Uint8Array,
  device: DeviceName,
  { threads, graphOptimizationLevel = "all", memoryPattern = true, weightsFolder }: SessionOptions,
): Promise<ort.InferenceSession> {
  // The binding reads memory of its own thread only.
  const own = model.buffer instanceof SharedArrayBuffer ? new Uint8Array(model) : model;
  const quick = graphOptimizationLevel === "all" && device === "cpu" && hasFewThreads(threads);
  const bytes = quick ? withFewerMultiplications(own) : own;
  return ort.InferenceSession.create(bytes, {
    executionProviders: [executionProvider(device)],
    graphOptimizationLevel,
    enableMemPattern: memoryPattern,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: 4,
    ...(weightsFolder === undefined ? {} : { extra: { session: mapped(weightsFolder) } }),
  });
}

/**
 * Whether fewer multiplications make a run shorter: one of the steps around them has one thread only, and takes a tenth of the
 * time with two. They are in a layout that ONNX Runtime has on x86 only.
 */
function hasFewThreads(threads: number): boolean {
  return process.arch === "x64" && (threads || availableParallelism()) <= 4;
}

/**
 * Weights in a file stay there, mapped into memory once for all sessions. ONNX Runtime would otherwise copy them into a
 * packed order, per session: for MS-CaiT that is 1.3 GB and nine seconds, and makes a run a seventh shorter.
 */
function mapped(folder: string): Record<string, string> {
  return { model_external_initializers_file_folder_path: folder, disable_prepacking: "1" };
}

/** On the CPU it is the network's fault. */
function refusal(device: DeviceName, cause: unknown): UflowError {
  const reason = messageOf(cause);
  if (device === "cpu") {
    return new UflowError("ERR_UFLOW_NETWORK", `ONNX Runtime refused the network: ${reason}`, { cause });
  }
  return new UflowError(
    "ERR_UFLOW_DEVICE",
    `The device "${device}" is not available: ${reason}. Use device "auto" or "cpu", or install the CUDA provider of onnxruntime-node.`,
    { cause },
  );
}
