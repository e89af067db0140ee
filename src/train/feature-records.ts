import { type FileHandle, open, rm, statfs } from "node:fs/promises";
import { freemem } from "node:os";
import { join } from "node:path";
import { messageOf, UflowError } from "../error.js";
import { removeForgotten, temporaryName } from "../output/temporary-name.js";

/** How a number is kept. */
export const cachePrecisions = ["float32", "float16"] as const;
export type CachePrecision = (typeof cachePrecisions)[number];

/** Where features are kept: records of equal length by number, each made of one part per scale. */
export interface FeatureRecords {
  /** @throws UflowError ERR_UFLOW_OUTPUT when the disk is full. */
  write(record: number, parts: readonly Uint8Array[]): Promise<void>;
  /** Fills the parts of one record that was written. @throws UflowError ERR_UFLOW_OUTPUT when the disk fails. */
  read(record: number, parts: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

export class MemoryRecords implements FeatureRecords {
  private readonly records: Uint8Array[] = [];

  async write(record: number, parts: readonly Uint8Array[]): Promise<void> {
    this.records[record] = Buffer.concat(parts);
  }

  async read(record: number, parts: readonly Uint8Array[]): Promise<void> {
    let at = 0;
    for (const part of parts) {
      part.set(this.records[record]!.subarray(at, at + part.length));
      at += part.length;
    }
  }

  async close(): Promise<void> {
    this.records.length = 0;
  }
}

/** In a file that has no name any more, so that it is gone with the process, however that ends. */
export class FileRecords implements FeatureRecords {
  private constructor(
    private readonly file: FileHandle,
    private readonly path: string,
    private readonly folder: string,
    private readonly size: { bytes: number; records: number },
  ) {}

  /**
   * @param size bytes of one record and how many there will be
   * @throws UflowError ERR_UFLOW_OUTPUT when the folder cannot be written to or has too little room for all of them.
   */
  static async create(folder: string, size: { bytes: number; records: number }): Promise<FileRecords> {
    const needed = size.bytes * size.records;
    try {
      await removeForgotten(folder);
      const free = await freeBytes(folder);
      if (free < needed) throw full(folder, needed, free);
      const path = join(folder, temporaryName());
      const file = await open(path, "wx+", 0o600);
      // Where an open file cannot be removed, `close` does it, or after a kill the next `removeForgotten`.
      await remove(path);
      return new FileRecords(file, path, folder, size);
    } catch (error) {
      throw error instanceof UflowError ? error : unusable(folder, error);
    }
  }

  async write(record: number, parts: readonly Uint8Array[]): Promise<void> {
    try {
      await transferred(parts, record * this.size.bytes, (rest, at) => this.file.writev(rest, at));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOSPC" && code !== "EDQUOT") throw unusable(this.folder, error);
      const needed = this.size.bytes * (this.size.records - record);
      throw full(this.folder, needed, await freeBytes(this.folder), error);
    }
  }

  async read(record: number, parts: readonly Uint8Array[]): Promise<void> {
    try {
      await transferred(parts, record * this.size.bytes, (rest, at) => this.file.readv(rest, at));
    } catch (error) {
      throw unusable(this.folder, error);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
    await remove(this.path);
  }
}

const remove = (path: string) => rm(path, { force: true }).catch(() => undefined);

/** The system may move fewer bytes than it was asked to, and then wants to be asked for the rest. */
async function transferred(
  parts: readonly Uint8Array[],
  position: number,
  move: (rest: Uint8Array[], position: number) => Promise<object>,
): Promise<void> {
  let at = position;
  let rest = [...parts];
  while (rest.length > 0) {
    const result = (await move(rest, at)) as { bytesRead?: number; bytesWritten?: number };
    const moved = result.bytesRead ?? result.bytesWritten!;
    if (moved === 0) throw new Error("the file has become shorter");
    at += moved;
    rest = without(rest, moved);
  }
}

function without(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes;
  return parts.flatMap((part) => {
    const done = Math.min(left, part.length);
    left -= done;
    return done === part.length ? [] : [part.subarray(done)];
  });
}

/** Bytes of memory that can be had: what the machine has free, or the container this runs in leaves. */
export function freeMemory(): number {
  const limit = process.constrainedMemory();
  const left = limit > 0 ? limit - process.memoryUsage.rss() : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(freemem(), left));
}

/** statfs() says this of a disk that is memory in truth. */
const tmpfs = 0x01021994;

/** Bytes that can be written in a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize, type } = await statfs(folder);
  return type === tmpfs ? Math.min(bavail * bsize, freeMemory()) : bavail * bsize;
}

/** More digits where there is little to tell. */
export function amount(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** What makes the features smaller, or gives them room. */
export const remedies =
  'Give another folder (cacheFolder), halve the features (cachePrecision "float16"), or use fewer images or a smaller input size';

function full(folder: string, needed: number, free: number, cause?: unknown): UflowError {
  return new UflowError(
    "ERR_UFLOW_OUTPUT",
    `The features need ${amount(needed)} more in "${folder}", where ${amount(free)} are free. ${remedies}.`,
    { cause },
  );
}

function unusable(folder: string, cause: unknown): UflowError {
  const { code } = cause as NodeJS.ErrnoException;
  const missing = code === "ENOENT" || code === "ENOTDIR";
  const problem = missing ? "there is no such folder" : messageOf(cause);
  return new UflowError(
    "ERR_UFLOW_OUTPUT",
    `Cannot keep the features in "${folder}": ${problem}. Give another folder (cacheFolder).`,
    { cause },
  );
}
