import { createHash } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type TensorProto } from "onnx-buf";
import { messageOf, UflowError } from "../error.js";
import { AtomicFile } from "../output/atomic-file.js";
import { removeForgotten } from "../output/temporary-name.js";
import type { ExternalData } from "./graph.js";

/** Tensors begin at multiples of this, so that every system can map them into memory (Windows wants 64 KiB). */
const alignment = 65536;

/**
 * The weights file of a model that is too large for one ONNX file, which ends at 2 GB. ONNX Runtime maps it into memory
 * instead of reading it. Tensors are appended one at a time, so that no more than one need be in memory. The file is named
 * after its content: a model, which holds that name, can never be opened with the weights of another.
 */
export class ExternalDataFile {
  private readonly hash = createHash("sha256");
  private length = 0;

  private constructor(private readonly file: AtomicFile | undefined) {}

  /**
   * Starts a file in a folder, from which it removes what killed processes have left; `finish` or `discard` must follow.
   * @throws UflowError ERR_UFLOW_OUTPUT.
   */
  static async start(folder: string): Promise<ExternalDataFile> {
    await removeForgotten(folder);
    return new ExternalDataFile(await AtomicFile.start(folder));
  }

  /** Writes nothing: only finds out how the file would be called. */
  static named(): ExternalDataFile {
    return new ExternalDataFile(undefined);
  }

  /** Appends a tensor. @throws UflowError ERR_UFLOW_OUTPUT. */
  async append(data: Float32Array): Promise<ExternalData> {
    await this.write(new Uint8Array(-this.length & (alignment - 1)));
    const offset = this.length;
    await this.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { offset, bytes: data.byteLength };
  }

  /** Gives the file the name `<stem>-<half of its SHA-256>.weights`, and returns that. @throws UflowError ERR_UFLOW_OUTPUT. */
  async finish(stem: string): Promise<string> {
    const name = `${stem}-${this.hash.digest("hex").slice(0, 32)}.weights`;
    await this.file?.finish(name);
    return name;
  }

  /** Removes what was written; harmless after `finish`. */
  async discard(): Promise<void> {
    await this.file?.discard();
  }

  private async write(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes);
    await this.file?.append(bytes);
    this.length += bytes.length;
  }
}

/**
 * The files in which a model keeps constants, by name, and how many bytes each must at least have.
 * @throws UflowError ERR_UFLOW_NETWORK when it is no ONNX model.
 */
export function externalFiles(model: Uint8Array): Map<string, number> {
  const files = new Map<string, number>();
  for (const { externalData } of constantsOf(model)) {
    const { location, offset, length } = Object.fromEntries(
      externalData.map(({ key, value }) => [key, value]),
    );
    if (location === undefined) continue;
    files.set(location, Math.max(files.get(location) ?? 0, Number(offset ?? 0) + Number(length ?? 0)));
  }
  return files;
}

function constantsOf(model: Uint8Array): readonly TensorProto[] {
  try {
    return fromBinary(ModelProtoSchema, model).graph?.initializer ?? [];
  } catch (error) {
    throw new UflowError("ERR_UFLOW_NETWORK", `The network is no ONNX model: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
