import { createHash, webcrypto } from "node:crypto";
import type { RecordedImage } from "./record.js";

/** From here on a sum is computed in another thread: in this one it would take longer than a millisecond. */
const manyBytes = 2 ** 18;

/**
 * What an image is known by and kept as: the bytes of its file as they are; of pixels a line that says what they are, and
 * the pixels. The pieces are views, not copies.
 */
export function contentOf(image: RecordedImage): Uint8Array[] {
  if (image instanceof Uint8Array) return [image];
  const { data, ...format } = image;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [
    Buffer.from(`${pixelsMark}${JSON.stringify(sorted({ ...format, type: data.constructor.name }))}\n`),
    bytes,
  ];
}

/** No file of an image begins like this. */
const pixelsMark = "uflow-pixels ";

/** So that a sum does not depend on the order in which properties were written down. */
const sorted = (format: object) =>
  Object.fromEntries(Object.entries(format).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * SHA-256 of `contentOf(image)`, hexadecimal. Of a large image it is computed in another thread, so that the event loop is
 * held up by no more than a copy of the bytes.
 */
export async function imageSum(image: RecordedImage): Promise<string> {
  const content = contentOf(image);
  const length = content.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (length < manyBytes) return sumOf(content);
  const whole = content.length === 1 ? content[0]! : Buffer.concat(content);
  return Buffer.from(await webcrypto.subtle.digest("SHA-256", whole)).toString("hex");
}

function sumOf(pieces: readonly Uint8Array[]): string {
  const sum = createHash("sha256");
  for (const piece of pieces) sum.update(piece);
  return sum.digest("hex");
}

const arrays = { Uint8Array, Uint16Array, Float32Array };

/** The image again, of what `contentOf` has made of it. @throws Error where it is damaged. */
export function imageOf(content: Uint8Array): RecordedImage {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (!bytes.subarray(0, pixelsMark.length).equals(Buffer.from(pixelsMark))) return content;
  const end = bytes.indexOf("\n");
  const { type, ...format } = JSON.parse(bytes.toString("utf8", pixelsMark.length, end));
  if (!Object.hasOwn(arrays, type)) throw new Error(`its pixels are of no known type, "${type}"`);
  // Copied, so that pixels of several bytes are aligned.
  const pixels = Uint8Array.from(bytes.subarray(end + 1)).buffer;
  return { ...format, data: new arrays[type as keyof typeof arrays](pixels) };
}
