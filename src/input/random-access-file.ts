import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { messageOf, UflowError } from "../error.js";

/** Makes the error of a reader, with its code and the name of the file, out of what is wrong. */
export type Refuse = (reason: string, cause?: unknown) => UflowError;

/** A file that is open for reading at any place. What it refuses, it refuses with the given `Refuse`. */
export class RandomAccessFile {
  private closed = false;

  private constructor(
    private readonly handle: FileHandle,
    /** Bytes. */
    readonly size: number,
    readonly refuse: Refuse,
    /** Where it begins in the file that the handle stands for. */
    private readonly origin = 0,
  ) {}

  /** @throws what `refuse` makes: the file is missing, unreadable, a folder, a device or a pipe. */
  static async open(path: string, refuse: Refuse): Promise<RandomAccessFile> {
    // Without O_NONBLOCK, which Windows has not, opening a pipe would wait for whoever writes into it.
    const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
    const handle = await open(path, flags).catch((error) => {
      throw refuse(problems[error.code] ?? messageOf(error), error);
    });
    try {
      const entry = await handle.stat();
      if (entry.isDirectory()) throw refuse(problems.EISDIR!);
      if (!entry.isFile()) throw refuse("it is a device or a pipe, not a file");
      return new RandomAccessFile(handle, entry.size, refuse);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** A copy of `length` bytes from `start` on. @throws as `readInto`, and ERR_UFLOW_MEMORY. */
  async read(start: number, length: number): Promise<Buffer> {
    this.check(start, length);
    const bytes = allocated(() => Buffer.allocUnsafe(length));
    await this.readInto(bytes, start);
    return bytes;
  }

  /** Fills `bytes` from `start` on. @throws what `refuse` makes, where that is not inside of the file; ERR_UFLOW_CLOSED. */
  async readInto(bytes: Uint8Array, start: number): Promise<void> {
    this.check(start, bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(bytes.length - done, longestRead);
      const { bytesRead } = await this.handle
        .read(bytes, done, length, this.origin + start + done)
        .catch((error) => {
          throw this.closed ? closedError() : this.refuse(messageOf(error), error);
        });
      if (bytesRead === 0) throw this.refuse("it was cut off while it was read");
      done += bytesRead;
    }
  }

  /** SHA-256 of all of it, hexadecimal; read in parts. @throws as `readInto`. */
  async sha256(): Promise<string> {
    const sum = createHash("sha256");
    const piece = allocated(() => Buffer.allocUnsafe(Math.min(this.size, hashedAtOnce)));
    for (let start = 0; start < this.size; start += piece.length) {
      const next = piece.subarray(0, Math.min(piece.length, this.size - start));
      await this.readInto(next, start);
      sum.update(next);
    }
    return sum.digest("hex");
  }

  /** A part of the file as a file of its own, for as long as this one is open. @throws as `readInto`. */
  part(start: number, size: number): RandomAccessFile {
    this.check(start, size);
    return new RandomAccessFile(this.handle, size, this.refuse, this.origin + start);
  }

  /** May be called again. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.handle.close();
  }

  private check(start: number, length: number): void {
    if (this.closed) throw closedError();
    const inside = Number.isSafeInteger(start) && start >= 0 && length >= 0 && start + length <= this.size;
    if (!inside) {
      throw this.refuse(`it points at ${length} bytes from ${start} on, and has only ${this.size}`);
    }
  }
}

/** What `make` allocates. @throws UflowError ERR_UFLOW_MEMORY where an array can not be so long. */
export function allocated<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new UflowError("ERR_UFLOW_MEMORY", `A part of the file is too large: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Node reads less than 2³¹ bytes at a time. */
const longestRead = 2 ** 30;

const hashedAtOnce = 2 ** 20;

const closedError = () => new UflowError("ERR_UFLOW_CLOSED", "The file has been closed");

const problems: Record<string, string> = {
  ENOENT: "it does not exist",
  ENOTDIR: "it does not exist",
  EISDIR: "it is a folder",
  EACCES: "there is no permission to read it",
  EPERM: "there is no permission to read it",
};
