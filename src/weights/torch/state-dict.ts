import { quoted } from "../../input/quoted.js";
import type { RandomAccessFile } from "../../input/random-access-file.js";
import { type DType, numberFormat } from "../dtype.js";
import { elementCount, type PlacedTensor, reach, type WeightDirectory } from "../placed-tensor.js";
import { Opaque, type PickleValue, Storage, StoredTensor } from "./values.js";

const dtypes: Readonly<Record<string, DType>> = {
  "torch.DoubleStorage": "float64",
  "torch.FloatStorage": "float32",
  "torch.HalfStorage": "float16",
  "torch.BFloat16Storage": "bfloat16",
  "torch.LongStorage": "int64",
  "torch.IntStorage": "int32",
  "torch.ShortStorage": "int16",
  "torch.CharStorage": "int8",
  "torch.ByteStorage": "uint8",
  "torch.BoolStorage": "bool",
};

/** Type of the numbers of a storage. @returns undefined for a type that is not read here. */
export function storageType({ type }: Storage): DType | undefined {
  return Object.hasOwn(dtypes, type) ? dtypes[type] : undefined;
}

/** Where a storage's bytes lie. @returns undefined when the file has no such storage. */
export type FindStorage = (key: string) => { start: number; size: number } | undefined;

/** Under what training scripts put the weights beside other things. */
const wrappers = ["state_dict", "model"];

/**
 * The tensors of a checkpoint's state dict, checked to lie inside of their storages. What is beside the state dict may
 * be of any class; in it, a value of an unknown class is refused by name, and plain values (numbers, texts) are no
 * tensors and left out.
 * @throws what `file.refuse` makes.
 */
export function readStateDict(file: RandomAccessFile, root: PickleValue, find: FindStorage): WeightDirectory {
  const { weights, metadata } = unwrap(file, root);
  const tensors = new Map<string, PlacedTensor>();
  for (const [name, value] of weights) {
    if (value instanceof Opaque || value instanceof Storage) throw unknown(file, name, value);
    if (!(value instanceof StoredTensor)) continue;
    if (typeof name !== "string")
      throw file.refuse("a tensor of its state dict is named by something that is no text");
    tensors.set(name, place(file, name, value, find));
  }
  if (tensors.size === 0)
    throw file.refuse(`there is no tensor in its state dict, which has ${keys(weights)}`);
  return { tensors, metadata };
}

type Dictionary = Map<PickleValue, PickleValue>;

function unwrap(file: RandomAccessFile, root: PickleValue) {
  if (root instanceof Opaque) {
    throw file.refuse(
      `it holds a whole ${quoted(root.name)}, which only Python can load; save its state_dict() instead`,
    );
  }
  if (!(root instanceof Map)) throw file.refuse("it holds no state dict, but a plain value");
  for (const wrapper of wrappers) {
    const weights = root.get(wrapper);
    if (weights instanceof Opaque) throw unknown(file, wrapper, weights);
    if (weights instanceof Map) return { weights, metadata: withoutTensors(root, wrapper) };
  }
  return { weights: root, metadata: withoutTensors(root) };
}

/** The entries of a checkpoint that are no weights. */
function withoutTensors(root: Dictionary, wrapper?: string): Map<string, PickleValue> {
  const entries = [...root].filter(
    ([name, value]) => typeof name === "string" && name !== wrapper && !(value instanceof StoredTensor),
  );
  return new Map(entries as [string, PickleValue][]);
}

function unknown(file: RandomAccessFile, name: PickleValue, value: Opaque | Storage): Error {
  const made = value instanceof Opaque ? value.name : value.type;
  const what = typeof name === "string" ? quoted(name) : "a value";
  return file.refuse(
    `${what} of its state dict is made by ${quoted(made)}, which is no tensor and is not called`,
  );
}

function keys(weights: Dictionary): string {
  const names = [...weights.keys()].filter((name) => typeof name === "string");
  return names.length === 0 ? "no entries" : names.slice(0, 8).map(quoted).join(", ");
}

function place(file: RandomAccessFile, name: string, tensor: StoredTensor, find: FindStorage): PlacedTensor {
  const { storage } = tensor;
  if (storage instanceof Opaque) throw unknown(file, name, storage);
  if (!(storage instanceof Storage)) throw file.refuse(`${quoted(name)} is a tensor without a storage`);
  const dtype = storageType(storage);
  if (!dtype) throw unknown(file, name, storage);
  const { size } = numberFormat(dtype);
  const bytes = find(storage.key);
  if (!bytes)
    throw file.refuse(`the numbers of ${quoted(name)} are missing: it has no storage ${quoted(storage.key)}`);
  if (bytes.size !== storage.elements * size) {
    throw file.refuse(
      `the storage of ${quoted(name)} takes ${bytes.size} bytes, and should hold ${storage.elements} of ${size}`,
    );
  }
  const view = checkView(file, name, tensor, storage.elements);
  return { dtype, shape: view.shape, strides: view.strides, start: bytes.start + view.offset * size };
}

/** The view's numbers, copied, as the arrays of a pickle may be shared. Its elements lie inside of the storage. */
function checkView(file: RandomAccessFile, name: string, tensor: StoredTensor, elements: number) {
  const { offset, shape, strides } = tensor;
  for (const part of [offset, shape, strides]) if (part instanceof Opaque) throw unknown(file, name, part);
  const wrong = () => file.refuse(`${quoted(name)} has no valid shape, strides and offset`);
  if (!Array.isArray(shape) || !Array.isArray(strides) || shape.length !== strides.length) throw wrong();
  const count = elementCount(shape);
  if (count === undefined || !isPlace(offset) || !strides.every(isPlace)) throw wrong();
  const view = { offset, shape: shape.slice() as number[], strides: strides.slice() as number[] };
  const last = count === 0 ? offset - 1 : offset + reach(view);
  // Too large a number is no safe integer, and larger than any storage.
  if (last >= elements) {
    throw file.refuse(`${quoted(name)} [${shape}] reaches beyond its storage of ${elements} elements`);
  }
  return view;
}

const isPlace = (value: PickleValue): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
