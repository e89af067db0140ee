import type { RecordedImage } from "../../records/record.js";
import { Refusal } from "../refusal.js";
import type { InputTensor } from "./schemas.js";

/**
 * The images of a tensor, in memory of their own.
 * @param binary what follows the JSON, if anything does
 * @param most images
 * @throws Refusal 400, 413.
 */
export function imagesOfTensor(tensor: InputTensor, binary: Uint8Array, most: number): RecordedImage[] {
  const size = tensor.parameters?.binary_data_size;
  if (size !== undefined && size !== binary.length) {
    throw wrong(`${binary.length} bytes follow the JSON, but binary_data_size is ${size}`);
  }
  if ((size === undefined) === (tensor.data === undefined)) throw wrong("give data or binary_data_size");
  const count = imagesIn(tensor);
  if (count > most) throw new Refusal(413, `More than ${most} images in one request`);
  if (tensor.datatype === "BYTES") return filesOf(tensor, count, size === undefined ? undefined : binary);
  const pixels = size === undefined ? pixelsOfJson(tensor.data!) : Uint8Array.from(binary);
  return framesOf(tensor.shape, pixels);
}

/** By the shape. */
function imagesIn({ datatype, shape }: InputTensor): number {
  if (datatype === "BYTES") return shape.reduce((product, side) => product * side, 1);
  return shape.length === 4 ? shape[0]! : 1;
}

function filesOf({ shape, data }: InputTensor, count: number, binary: Uint8Array | undefined): Uint8Array[] {
  const files = binary ? lengthPrefixed(binary, count) : data!.length === count && data!.map(fileOfJson);
  if (!files) throw wrong(`its data are not the ${count} elements of the shape [${shape}]`);
  return files;
}

/**
 * Each element: four bytes of its length, little-endian, and then itself.
 * @returns undefined where they are not so many.
 */
function lengthPrefixed(binary: Uint8Array, count: number): Uint8Array[] | undefined {
  const files: Uint8Array[] = [];
  const view = new DataView(binary.buffer, binary.byteOffset, binary.length);
  let at = 0;
  while (at < binary.length && files.length < count) {
    const length = at + 4 <= binary.length ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > binary.length) throw wrong("an element of BYTES is longer than the data");
    files.push(Uint8Array.from(binary.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return files.length === count && at === binary.length ? files : undefined;
}

function fileOfJson(text: unknown): Uint8Array {
  if (typeof text !== "string" || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw wrong("elements of BYTES in JSON are image files in base64");
  }
  return Uint8Array.from(Buffer.from(text, "base64"));
}

/** Flat or nested, as the protocol allows both. */
function pixelsOfJson(data: readonly unknown[]): Uint8Array {
  const values = data.some(Array.isArray) ? data.flat(3) : data;
  const sound = values.every(
    (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255,
  );
  if (!sound) throw wrong("elements of UINT8 are whole numbers from 0 to 255");
  return Uint8Array.from(values as number[]);
}

function framesOf(shape: readonly number[], pixels: Uint8Array): RecordedImage[] {
  const [count, height, width, channels] = shape.length === 3 ? [1, ...shape] : shape;
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw wrong(
      `shape [${shape}] is not [height, width, channels] or [n, height, width, channels] with channels 1, 3 or 4`,
    );
  }
  const size = height! * width! * channels;
  if (pixels.length !== count! * size) {
    throw wrong(`shape [${shape}] is ${count! * size} bytes, but there are ${pixels.length}`);
  }
  return Array.from({ length: count! }, (_, i) => ({
    data: pixels.slice(i * size, (i + 1) * size),
    width: width!,
    height: height!,
    channels,
  }));
}

const wrong = (problem: string) => new Refusal(400, `The tensor "image" is wrong: ${problem}`);
