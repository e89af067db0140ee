import type { ImageSource, RawFrame, RawImage } from "./decode.js";

type Pixels = RawImage | RawFrame;
type Values = Pixels["data"];

/** A picture that nobody else can change any more, and how it goes to a thread. */
export interface OwnSource {
  readonly source: ImageSource;
  /** Memory that goes over to the thread and is lost with it; empty where threads read it in place. */
  readonly transfer: ArrayBuffer[];
  /** To be called once, when no thread reads it any more. */
  release(): void;
}

/** Bytes that are kept for further pictures in any case. */
const alwaysKept = 2 ** 26;

/**
 * The memory of pictures while they wait and are worked on. Copies are in shared memory, which threads read in place and which
 * outlives a thread that dies. It is used again and again: V8 does not count shared memory, so that it frees what is dropped
 * too late, and fresh memory is slow. What is kept for further pictures is at most as much as pictures have now, or 64 MiB:
 * after many at once, or where lengths change, the rest is dropped.
 */
export class FrameMemory {
  /** What was given back, the latest last. */
  private readonly free: SharedArrayBuffer[] = [];
  private bytesInUse = 0;
  private bytesFree = 0;

  /**
   * Takes a picture over from the caller, who may write the next one into the same memory at once. Of pixels and frames only
   * what is known of them is kept; paths, and what is no picture, are passed on. O(bytes) where they are copied.
   *
   * - Without `transfer` the bytes are copied, of a larger buffer only those that are viewed.
   * - With it an ArrayBuffer that is viewed as a whole is taken away: views of it are empty from then on. A part of a larger
   *   one, such as a Buffer of Node's pool or a frame in a ring, is copied, since the rest is others'; so is what cannot be
   *   taken away, such as WebAssembly's memory.
   * - Memory that is shared already stays where it is: whoever gives it promises to leave it alone until the outcome.
   */
  take(source: ImageSource, transfer: boolean): OwnSource {
    const values = valuesOf(source);
    if (!values) return { source, transfer: [], release };
    const { data, ...how } = this.own(values, transfer);
    return { source: withData(source as Uint8Array | Pixels, data), ...how };
  }

  private own(data: Values, transfer: boolean): { data: Values } & Omit<OwnSource, "source"> {
    if (data.buffer instanceof SharedArrayBuffer) return { data, transfer: [], release };
    if (data.byteLength === 0) return { data: new Uint8Array(), transfer: [], release };
    const taken = transfer && data.byteLength === data.buffer.byteLength ? handedOver(data) : undefined;
    if (taken) return { data: taken, transfer: [taken.buffer as ArrayBuffer], release };
    const block = this.borrow(data.byteLength);
    const { length } = data;
    const copy =
      data instanceof Uint16Array ? new Uint16Array(block, 0, length) : new Uint8Array(block, 0, length);
    copy.set(data);
    return { data: copy, transfer: [], release: () => this.giveBack(block) };
  }

  /** At least so many bytes, and a quarter more at most, so that files of similar length find each other's. */
  private borrow(bytes: number): SharedArrayBuffer {
    const step = 2 ** Math.max(12, Math.floor(Math.log2(bytes)) - 2);
    const length = Math.ceil(bytes / step) * step;
    this.bytesInUse += length;
    const place = this.free.findLastIndex(({ byteLength }) => byteLength === length);
    if (place < 0) return new SharedArrayBuffer(length);
    this.bytesFree -= length;
    return this.free.splice(place, 1)[0]!;
  }

  private giveBack(block: SharedArrayBuffer): void {
    this.bytesInUse -= block.byteLength;
    this.bytesFree += block.byteLength;
    this.free.push(block);
    while (this.bytesFree > Math.max(alwaysKept, this.bytesInUse)) {
      this.bytesFree -= this.free.shift()!.byteLength;
    }
  }
}

/** Where nothing is to be given back. */
const release = () => {};

function valuesOf(source: unknown): Values | undefined {
  const data: unknown = source instanceof Uint8Array ? source : (Object(source) as { data?: unknown }).data;
  return data instanceof Uint8Array || data instanceof Uint16Array ? data : undefined;
}

function withData(source: Uint8Array | Pixels, data: Values): ImageSource {
  if (source instanceof Uint8Array) return data as Uint8Array;
  const { width, height, channels, format, stride } = source as RawImage & RawFrame;
  return { data, width, height, channels, format, stride } as Pixels;
}

/** The same values, which are no longer the caller's; nothing where they cannot be taken away. */
function handedOver(data: Values): Values | undefined {
  try {
    return structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
  } catch {
    return undefined;
  }
}
