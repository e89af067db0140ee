/**
 * Reading and writing safetensors: the length of the header as uint64, the header as a JSON object from name to dtype,
 * shape and place, then the bytes of the tensors (the documentation of safetensors, "Format").
 */
import { UflowError } from "../error.js";
import { quoted } from "../input/quoted.js";
import type { RandomAccessFile } from "../input/random-access-file.js";
import { writeFileAtomic } from "../output/atomic-file.js";
import { type DType, numberFormat } from "./dtype.js";
import { elementCount, type PlacedTensor, rowMajor, type WeightDirectory } from "./placed-tensor.js";
import { checkTensor, numberBytes, type Tensor } from "./tensor.js";

const headerLimit = 100_000_000;
/** Far more than any model has; the members of a hostile header could fill the memory. */
const memberLimit = 2 ** 21;
const metadataName = "__metadata__";

const dtypes: Record<string, DType> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
};

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [from: number, to: number];
}

/**
 * Where the tensors of a safetensors file lie. Only the header is read.
 * @throws what `file.refuse` makes, when the header is damaged, names anything twice, or the tensors do not fill the
 *   rest of the file exactly, without gaps or overlaps.
 */
export async function readSafetensors(file: RandomAccessFile): Promise<WeightDirectory> {
  const { header, dataStart } = await readHeader(file);
  const tensors = new Map<string, PlacedTensor>();
  const spans: [from: number, to: number][] = [];
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataName) {
      metadata = parseMetadata(file, value);
      continue;
    }
    const entry = parseEntry(file, name, value);
    tensors.set(name, place(file, name, entry, dataStart));
    spans.push(entry.data_offsets);
  }
  checkSpans(file, spans, file.size - dataStart);
  return { tensors, metadata };
}

async function readHeader(file: RandomAccessFile): Promise<{ header: object; dataStart: number }> {
  const length = Number((await file.read(0, 8)).readBigUInt64LE());
  if (length > Math.min(headerLimit, file.size - 8)) {
    throw file.refuse(
      `its header of ${length} bytes is longer than the file, or than the ${headerLimit} allowed`,
    );
  }
  const bytes = await file.read(8, length);
  const members = countMembers(file, bytes);
  const header = parseJson(file, bytes);
  const objects = [
    header,
    ...Object.values(header).filter((value) => value !== null && typeof value === "object"),
  ];
  // The objects in an object and the pairs in `__metadata__` are all that may have members.
  const kept = objects.reduce(
    (sum, value) => sum + (Array.isArray(value) ? 0 : Object.keys(value as object).length),
    0,
  );
  if (kept !== members) throw file.refuse("its header has a name twice, or holds more than it should");
  return { header, dataStart: 8 + length };
}

function parseJson(file: RandomAccessFile, bytes: Buffer): object {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw file.refuse("its header is not JSON", error);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw file.refuse("its header is not a JSON object");
  }
  return header;
}

/** Names in all objects of a JSON text, twice where twice written: JSON.parse keeps only the last. */
function countMembers(file: RandomAccessFile, json: Buffer): number {
  let members = 0;
  let values = 0;
  let inText = false;
  for (let i = 0; i < json.length; i++) {
    const character = json[i]!;
    if (character === 0x22) inText = !inText;
    else if (inText) i += character === 0x5c ? 1 : 0;
    else if (character === 0x3a) members += 1;
    else if (character === 0x2c || character === 0x5b || character === 0x7b) values += 1;
  }
  if (values > memberLimit)
    throw file.refuse(`its header holds ${values} values; at most ${memberLimit} are read`);
  return members;
}

function parseMetadata(file: RandomAccessFile, value: unknown): Map<string, string> {
  const pairs = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (pairs.some(([, text]) => typeof text !== "string")) {
    throw file.refuse(`its ${metadataName} holds something else than texts`);
  }
  return new Map(pairs);
}

function parseEntry(file: RandomAccessFile, name: string, value: unknown): HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const right =
    typeof dtype === "string" &&
    Array.isArray(shape) &&
    elementCount(shape) !== undefined &&
    Array.isArray(offsets) &&
    offsets.length === 2 &&
    offsets.every((offset) => Number.isSafeInteger(offset) && offset >= 0);
  if (!right)
    throw file.refuse(`its header gives ${quoted(name)} no dtype, shape and data_offsets as it should`);
  return value as HeaderEntry;
}

function place(file: RandomAccessFile, name: string, entry: HeaderEntry, dataStart: number): PlacedTensor {
  const {
    shape,
    data_offsets: [from, to],
  } = entry;
  const dtype = Object.hasOwn(dtypes, entry.dtype) ? dtypes[entry.dtype] : undefined;
  if (!dtype) throw file.refuse(`${quoted(name)} is of type ${quoted(entry.dtype)}, which is not read here`);
  if (to - from !== elementCount(shape)! * numberFormat(dtype).size) {
    throw file.refuse(`${quoted(name)} [${shape}] of type ${dtype} does not take ${to - from} bytes`);
  }
  return { dtype, shape, strides: rowMajor(shape), start: dataStart + from };
}

/** The format wants every byte to belong to one tensor. */
function checkSpans(file: RandomAccessFile, spans: [from: number, to: number][], size: number): void {
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let end = 0;
  for (const [from, to] of spans) {
    if (from !== end)
      throw file.refuse(`its tensors ${from < end ? "overlap" : "leave a gap"} at byte ${from}`);
    end = to;
  }
  if (end !== size) throw file.refuse(`its tensors take ${end} bytes, but ${size} follow the header`);
}

/**
 * Writes tensors as a safetensors file, in the order given: under a temporary name first, then renamed.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR when the numbers of a tensor do not fill its shape; ERR_UFLOW_OUTPUT.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, safetensorsPieces(tensors, metadata));
}

/**
 * The bytes of a safetensors file, piece by piece; those of the tensors are not copied.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR when the numbers of a tensor do not fill its shape.
 */
export function safetensorsPieces(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const entries: [string, object][] = [[metadataName, metadata]];
  let end = 0;
  for (const [name, tensor] of tensors) {
    if (name === metadataName)
      throw new UflowError("ERR_UFLOW_BAD_TENSOR", `A tensor cannot be called ${name}`);
    checkTensor(name, tensor);
    const from = end;
    end += tensor.data.byteLength;
    const dtype = tensor.data instanceof Float32Array ? "F32" : "I64";
    entries.push([name, { dtype, shape: tensor.shape, data_offsets: [from, end] }]);
  }
  // Padded, so that the numbers begin at a multiple of 8.
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const header = Buffer.alloc(Math.ceil(json.length / 8) * 8, " ");
  header.set(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return [length, header, ...[...tensors.values()].map(({ data }) => numberBytes(data))];
}
