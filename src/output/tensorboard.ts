/**
 * Event files as TensorBoard reads them: records, each with checksums, of the protobuf message Event. Of its fields (in
 * tensorflow/core/util/event.proto and framework/summary.proto) those are written that scalars need.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { messageOf } from "../error.js";
import { cannotWrite, ensureFolder } from "./atomic-file.js";
import { crc32c } from "./crc32.js";

/** What happened at a step: nothing but that a file or a session begins, or numbers by their names. */
export interface TensorboardEvent {
  /** Seconds since 1970. */
  time: number;
  step: number;
  what: "file" | "session" | Readonly<Record<string, number>>;
}

/** Numbers of the fields of Event, of SessionLog, of Summary and of its Value. */
const fields = { time: 1, step: 2, version: 3, summary: 5, session: 7 } as const;
const sessionFields = { status: 1 } as const;
const summaryFields = { value: 1 } as const;
const valueFields = { tag: 1, simpleValue: 2 } as const;
const sessionStart = 1;

/** The message Event. Numbers become float32. */
export function encodeEvent({ time, step, what }: TensorboardEvent): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(fields.time, WireType.Bit64).double(time);
  writer.tag(fields.step, WireType.Varint).int64(step);
  if (what === "file") writer.tag(fields.version, WireType.LengthDelimited).string("brain.Event:2");
  else if (what === "session") {
    writer.tag(fields.session, WireType.LengthDelimited).fork();
    writer.tag(sessionFields.status, WireType.Varint).int32(sessionStart).join();
  } else {
    writer.tag(fields.summary, WireType.LengthDelimited).fork();
    for (const [tag, value] of Object.entries(what)) {
      writer.tag(summaryFields.value, WireType.LengthDelimited).fork();
      writer.tag(valueFields.tag, WireType.LengthDelimited).string(tag);
      writer.tag(valueFields.simpleValue, WireType.Bit32).float(value).join();
    }
    writer.join();
  }
  return writer.finish();
}

/** A TFRecord: length (64 bits), its checksum, the bytes, their checksum; little-endian. */
export function encodeRecord(bytes: Uint8Array): Uint8Array {
  const record = Buffer.alloc(bytes.length + 16);
  record.writeBigUInt64LE(BigInt(bytes.length), 0);
  record.writeUInt32LE(maskedSum(record.subarray(0, 8)), 8);
  record.set(bytes, 12);
  record.writeUInt32LE(maskedSum(bytes), 12 + bytes.length);
  return record;
}

/** A checksum that is stored beside what it is of, rotated and shifted so that it can be summed again. */
function maskedSum(bytes: Uint8Array): number {
  const sum = crc32c(bytes);
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

/**
 * One event file, new in its folder, so that the files of earlier runs stay. Every event is with the system when `scalars`
 * returns; it may be read while it grows. Where writing fails later, it warns once and writes no more.
 */
export class EventFile implements Disposable {
  private constructor(
    private readonly path: string,
    private file: number | undefined,
    private readonly warn: (message: string) => void,
  ) {}

  /** @throws UflowError ERR_UFLOW_OUTPUT. */
  static async create(folder: string, warn: (message: string) => void): Promise<EventFile> {
    await ensureFolder(folder);
    const seconds = Math.floor(Date.now() / 1000);
    const unique = `${hostname()}.${process.pid}.${randomBytes(4).toString("hex")}`;
    const path = join(folder, `events.out.tfevents.${seconds}.${unique}`);
    const events = new EventFile(path, opened(path), warn);
    events.write({ time: seconds, step: 0, what: "file" });
    return events;
  }

  /**
   * Says that from this step on all is written again: TensorBoard then forgets what an earlier file of the folder, or this
   * one, has from there on.
   */
  startSession(step: number): void {
    this.write({ time: Date.now() / 1000, step, what: "session" });
  }

  /** Numbers by their names, at a step. */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    this.write({ time: Date.now() / 1000, step, what: values });
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private write(event: TensorboardEvent): void {
    if (this.file === undefined) return;
    try {
      writeWhole(this.file, encodeRecord(encodeEvent(event)));
    } catch (error) {
      this.close();
      this.warn(`${messageOf(cannotWrite(this.path, error))}. No more events are written for TensorBoard`);
    }
  }
}

function opened(path: string): number {
  try {
    return openSync(path, "ax");
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Near the end of a disk the system writes a part and says so; the next call tells why. */
function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}
