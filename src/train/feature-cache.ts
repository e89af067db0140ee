import { tmpdir } from "node:os";
import type { Scale } from "../backbone/index.js";
import { UflowError } from "../error.js";
import type { Tensor } from "../onnx/session.js";
import { halfBits, halfTable } from "../weights/float16.js";
import {
  amount,
  type CachePrecision,
  type FeatureRecords,
  FileRecords,
  freeBytes,
  freeMemory,
  MemoryRecords,
  remedies,
} from "./feature-records.js";

export interface FeatureCacheOptions {
  /** A folder for a file of features; default: memory where they fit, else a file in the system's temporary folder. */
  folder?: string | undefined;
  /** `float16` rounds them to 11 bits: half the room. Default: float32. */
  precision?: CachePrecision | undefined;
}

/** The features of a batch on their way from the records, one buffer per scale. */
interface Reading {
  images: readonly number[];
  tensors: Promise<Tensor[]>;
}

/**
 * The features of all training images, computed once: the backbone is frozen, so they never change. They are kept in
 * memory or in a file, and come out as the same bits from both.
 */
export class FeatureCache {
  /** Taken in turns: one is trained on while the other is filled. */
  private readonly buffers: [Float32Array[], Float32Array[]] = [[], []];
  /** The halves that a batch is decoded from. */
  private readonly halves: Uint16Array[] = [];
  private ahead: Reading | undefined;

  private constructor(
    private readonly scales: readonly Scale[],
    readonly images: number,
    private readonly records: FeatureRecords,
    /** Of float16; absent when float32 is kept. */
    private readonly table: Float32Array | undefined,
  ) {}

  /**
   * Makes room for the features of so many images, each [channels, height, width] per scale; `close()` gives it back.
   * @param memory bytes of it that can be had
   * @throws UflowError before any work: ERR_UFLOW_MEMORY when they fit neither into memory nor into the temporary folder,
   * ERR_UFLOW_OUTPUT when they do not fit into the folder that was given.
   */
  static async create(
    scales: readonly Scale[],
    images: number,
    { folder, precision = "float32" }: FeatureCacheOptions = {},
    memory = freeMemory(),
  ): Promise<FeatureCache> {
    const half = precision === "float16";
    const bytes = (half ? 2 : 4) * scales.reduce((sum, scale) => sum + sizeOf(scale), 0);
    const records = await roomFor({ bytes, records: images }, folder, memory);
    return new FeatureCache(scales, images, records, half ? halfTable() : undefined);
  }

  /**
   * Stores the features of one image: one tensor per scale, batch 1.
   * @throws UflowError ERR_UFLOW_OUTPUT when the disk is full, ERR_UFLOW_BAD_OPTION when float16 cannot hold a value.
   */
  async store(image: number, features: readonly Float32Array[]): Promise<void> {
    await this.records.write(
      image,
      features.map((feature) => bytesOf(this.table ? toHalves(feature) : feature)),
    );
  }

  /**
   * The features of several images as one batch per scale, [batch, channels, height, width], in buffers that are used
   * again: they are valid until the next call.
   * @param next the images of the call after this one, read while this batch is trained on
   * @throws UflowError ERR_UFLOW_OUTPUT when they cannot be read back.
   */
  async batch(images: readonly number[], next?: readonly number[]): Promise<Tensor[]> {
    const reading = await this.readingOf(images);
    const tensors = await reading.tensors;
    this.ahead = next && this.read(next);
    return tensors;
  }

  /** Gives memory and file back; nothing can be read afterwards. */
  async close(): Promise<void> {
    await this.ahead?.tensors.catch(() => undefined);
    await this.records.close();
  }

  private async readingOf(images: readonly number[]): Promise<Reading> {
    const { ahead } = this;
    if (ahead && `${ahead.images}` === `${images}`) return ahead;
    // Its buffers must not be filled by two.
    await ahead?.tensors.catch(() => undefined);
    return this.read(images);
  }

  private read(images: readonly number[]): Reading {
    this.buffers.reverse();
    const tensors = this.fill(images, this.buffers[0]);
    // Whoever asks for them is told of the failure; nobody may.
    tensors.catch(() => undefined);
    return { images, tensors };
  }

  private async fill(images: readonly number[], buffers: Float32Array[]): Promise<Tensor[]> {
    const values = this.scales.map((scale, i) => {
      const length = images.length * sizeOf(scale);
      if (!(buffers[i] && buffers[i].length >= length)) buffers[i] = new Float32Array(length);
      return buffers[i].subarray(0, length);
    });
    const kept = this.table ? this.halvesFor(values) : values;
    const reads = images.map((image, row) => {
      const parts = kept.map((scale) => {
        const size = scale.length / images.length;
        return bytesOf(scale.subarray(row * size, (row + 1) * size));
      });
      return this.records.read(image, parts);
    });
    await Promise.all(reads);
    if (this.table) fromHalves(kept as Uint16Array[], values, this.table);
    return this.scales.map(({ channels, height, width }, i) => ({
      data: values[i]!,
      dims: [images.length, channels, height, width],
    }));
  }

  private halvesFor(values: readonly Float32Array[]): Uint16Array[] {
    return values.map(({ length }, i) => {
      if ((this.halves[i]?.length ?? 0) < length) this.halves[i] = new Uint16Array(length);
      return this.halves[i]!.subarray(0, length);
    });
  }
}

async function roomFor(
  size: { bytes: number; records: number },
  folder: string | undefined,
  memory: number,
): Promise<FeatureRecords> {
  if (folder !== undefined) return FileRecords.create(folder, size);
  const needed = size.bytes * size.records;
  const limit = 0.8 * memory;
  if (needed <= limit) return new MemoryRecords();
  const free = await freeBytes(tmpdir()).catch(() => 0);
  if (needed <= free) return FileRecords.create(tmpdir(), size);
  throw new UflowError(
    "ERR_UFLOW_MEMORY",
    `The features of ${size.records} images need ${amount(needed)}; ${amount(limit)} of memory can be had, and ${amount(free)} are free in "${tmpdir()}". ${remedies}.`,
  );
}

/** The largest finite number of float16, and the bits of the infinity beyond. */
const [largestHalf, infiniteHalf] = [65504, 0x7c00];

function toHalves(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const bits = halfBits(values[i]!);
    if ((bits & 0x7fff) === infiniteHalf) throw tooLarge(values[i]!);
    halves[i] = bits;
  }
  return halves;
}

function fromHalves(
  halves: readonly Uint16Array[],
  values: readonly Float32Array[],
  table: Float32Array,
): void {
  for (const [scale, into] of values.entries()) {
    const from = halves[scale]!;
    for (let i = 0; i < from.length; i++) into[i] = table[from[i]!]!;
  }
}

function tooLarge(value: number): UflowError {
  return new UflowError(
    "ERR_UFLOW_BAD_OPTION",
    `cachePrecision: a feature of this backbone is ${value}, and float16 ends at ${largestHalf}; use "float32"`,
  );
}

const sizeOf = ({ channels, height, width }: Scale) => channels * height * width;
const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);
