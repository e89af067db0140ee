import type { ImageSource } from "./inspection.js";

/** An image that nobody else can change any more, and how it goes to a lane. */
export interface OwnSource {
  source: ImageSource;
  /** Memory that goes over to the lane and is lost with it; empty where lanes share it. */
  transfer: ArrayBuffer[];
}

/**
 * Takes an image over from the caller, who may write the next one into the same memory at once. It is copied into shared
 * memory, which lanes read in place; `transfer` takes the caller's memory away instead, where the image has all of it: a
 * pooled Buffer is copied all the same. Memory that is shared already is not copied: whoever gives it promises to leave
 * it alone until the outcome.
 */
export function ownSource(source: ImageSource, transfer: boolean): OwnSource {
  const data: unknown = source instanceof Uint8Array ? source : pixelsOf(source);
  if (!ArrayBuffer.isView(data) || data.buffer instanceof SharedArrayBuffer) return { source, transfer: [] };
  const { buffer, byteLength } = data;
  if (transfer && byteLength > 0 && byteLength === buffer.byteLength) {
    const own = structuredClone(source, { transfer: [buffer] });
    const taken = own instanceof Uint8Array ? own : (pixelsOf(own) as Uint8Array);
    return { source: own, transfer: [taken.buffer as ArrayBuffer] };
  }
  const copy = sharedCopy(data as Uint8Array);
  return {
    source: data === source ? copy : ({ ...(source as object), data: copy } as ImageSource),
    transfer: [],
  };
}

const pixelsOf = (source: unknown): unknown =>
  typeof source === "object" && source !== null && "data" in source ? source.data : undefined;

function sharedCopy<T extends Uint8Array | Uint16Array>(data: T): T {
  const bytes = new Uint8Array(new SharedArrayBuffer(data.byteLength));
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return (data instanceof Uint16Array ? new Uint16Array(bytes.buffer) : bytes) as T;
}
