import { UflowError } from "../error.js";
import { quoted } from "../input/quoted.js";
import { RandomAccessFile } from "../input/random-access-file.js";
import { type DType, numberFormat } from "./dtype.js";
import {
  checkTotal,
  type PlacedTensor,
  readFloats,
  readIntegers,
  type WeightDirectory,
} from "./placed-tensor.js";
import { readSafetensors } from "./safetensors.js";
import { readTorchArchive } from "./torch/archive.js";
import { legacyStart, readTorchLegacy } from "./torch/legacy.js";

export interface TensorInfo {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** An open file of weights. Tensors are read one at a time; only what describes them is held in memory. */
export class WeightFile {
  constructor(
    readonly path: string,
    readonly format: "safetensors" | "torch",
    private readonly file: RandomAccessFile,
    private readonly directory: WeightDirectory,
  ) {
    checkTotal(file, directory.tensors);
  }

  /** All tensors by name. */
  get tensors(): ReadonlyMap<string, TensorInfo> {
    return this.directory.tensors;
  }

  /**
   * What else the file says: the `__metadata__` of a safetensors file, the other entries of a PyTorch checkpoint
   * (epoch, hyper_parameters, …). It is foreign data: of any type, nested to any depth, possibly in circles.
   */
  get metadata(): ReadonlyMap<string, unknown> {
    return this.directory.metadata;
  }

  /**
   * The numbers of a floating-point tensor, row-major, rounded to float32. Costs its size in memory and little more.
   * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when there is no such tensor, it holds whole numbers or the file was cut
   *   off; ERR_UFLOW_MEMORY when it is too large for an array; ERR_UFLOW_CLOSED after `close()`.
   */
  async floats(name: string): Promise<Float32Array> {
    const tensor = this.find(name);
    if (!numberFormat(tensor.dtype).floating) {
      throw this.file.refuse(`${quoted(name)} is of type ${tensor.dtype}, where real numbers are wanted`);
    }
    return await readFloats(this.file, tensor);
  }

  /**
   * The numbers of a tensor of whole numbers or booleans (0, 1), row-major; those of 64 bits are rounded beyond 2^53.
   * @throws UflowError as `floats`.
   */
  async integers(name: string): Promise<Float64Array> {
    const tensor = this.find(name);
    if (numberFormat(tensor.dtype).floating) {
      throw this.file.refuse(`${quoted(name)} is of type ${tensor.dtype}, where whole numbers are wanted`);
    }
    return await readIntegers(this.file, tensor);
  }

  /** May be called again. */
  async close(): Promise<void> {
    await this.file.close();
  }

  private find(name: string): PlacedTensor {
    const tensor = this.directory.tensors.get(name);
    if (!tensor) throw this.file.refuse(`it has no tensor ${quoted(name)}`);
    return tensor;
  }
}

/**
 * Opens a safetensors file or a PyTorch checkpoint (`.ckpt`, `.pth`, `.pt`), told apart by their first bytes. Of a
 * checkpoint, the tensors are those of its `state_dict`, else of its `model`, else its own. Nothing that a checkpoint
 * holds is ever executed.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when the file is missing, of another format, damaged or hostile.
 */
export async function openWeights(path: string): Promise<WeightFile> {
  const refuse = (reason: string, cause?: unknown) =>
    new UflowError("ERR_UFLOW_BAD_WEIGHTS", `Cannot read the weights ${path}: ${reason}`, { cause });
  const file = await RandomAccessFile.open(path, refuse);
  try {
    const start = await file.read(0, Math.min(file.size, 64));
    const { format, read } = recognise(file, start);
    return new WeightFile(path, format, file, await read(file));
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface Format {
  format: WeightFile["format"];
  read(file: RandomAccessFile): Promise<WeightDirectory>;
}

function recognise(file: RandomAccessFile, start: Buffer): Format {
  if (start.length === 0) throw file.refuse("it is empty");
  // The length of a header, less than 2^32 bytes, and the header, which is a JSON object.
  if (start.length > 8 && start.readUInt32LE(4) === 0 && start[8] === "{".charCodeAt(0)) {
    return { format: "safetensors", read: readSafetensors };
  }
  if (start.subarray(0, 2).equals(Buffer.from("PK"))) return { format: "torch", read: readTorchArchive };
  if (start.subarray(0, legacyStart.length).equals(legacyStart)) {
    return { format: "torch", read: readTorchLegacy };
  }
  const other = others.find(({ bytes, at = 0 }) => start.toString("latin1").startsWith(bytes, at));
  if (other)
    throw file.refuse(`it is ${other.name}, where a safetensors file or a PyTorch checkpoint is wanted`);
  throw file.refuse("it is neither a safetensors file nor a PyTorch checkpoint");
}

/** What people give by mistake, by what it begins with. */
const others: readonly { bytes: string; at?: number; name: string }[] = [
  { bytes: "TFL3", at: 4, name: "a TensorFlow Lite model" },
  { bytes: "\x89HDF\r\n", name: "an HDF5 file (Keras)" },
  { bytes: "\x93NUMPY", name: "a NumPy array" },
  { bytes: "GGUF", name: "a GGUF file" },
  { bytes: "\x1f\x8b", name: "a gzip archive; unpack it" },
  { bytes: "version https://git-lfs", name: "a pointer of Git LFS; fetch the file itself with git lfs pull" },
  { bytes: "<", name: "a web page or XML; the download failed" },
];
