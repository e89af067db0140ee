import { rowMajor } from "../placed-tensor.js";
import type { Tensor } from "../tensor.js";

/** What a checkpoint may be written of. A Map becomes an OrderedDict, an object a dict, an array a list. */
export type TorchValue =
  | null
  | boolean
  | number
  | string
  | Tensor
  | readonly TorchValue[]
  | ReadonlyMap<string, TorchValue>
  | { readonly [key: string]: TorchValue };

export function isTensor(value: TorchValue): value is Tensor {
  const data = (value as Partial<Tensor> | null)?.data;
  return data instanceof Float32Array || data instanceof BigInt64Array;
}

/** Opcodes of protocol 2, of which PyTorch's restricted unpickler (`weights_only`) knows each. */
const op = {
  protocol: Buffer.from([0x80, 2]),
  stop: Buffer.from("."),
  mark: Buffer.from("("),
  none: Buffer.from("N"),
  true: Buffer.from([0x88]),
  false: Buffer.from([0x89]),
  emptyDict: Buffer.from("}"),
  emptyList: Buffer.from("]"),
  emptyTuple: Buffer.from(")"),
  tuple: Buffer.from("t"),
  setItems: Buffer.from("u"),
  appends: Buffer.from("e"),
  reduce: Buffer.from("R"),
  persistent: Buffer.from("Q"),
} as const;

const orderedDict = [global("collections", "OrderedDict"), op.emptyTuple, op.reduce];
const rebuildTensor = global("torch._utils", "_rebuild_tensor_v2");
const floatStorage = global("torch", "FloatStorage");
const longStorage = global("torch", "LongStorage");

/**
 * A value as the pickle of a PyTorch checkpoint.
 * @returns the pickle, and the numbers that it refers to as storages "0", "1", …; tensors of one array share one.
 */
export function pickle(value: TorchValue): { bytes: Buffer; storages: Tensor["data"][] } {
  const storages = new Map<Tensor["data"], number>();
  const bytes = Buffer.concat([op.protocol, ...parts(value, storages), op.stop]);
  return { bytes, storages: [...storages.keys()] };
}

type Storages = Map<Tensor["data"], number>;

function* parts(value: TorchValue, storages: Storages): Generator<Buffer> {
  if (value === null) yield op.none;
  else if (typeof value === "boolean") yield value ? op.true : op.false;
  else if (typeof value === "number") yield number(value);
  else if (typeof value === "string") yield text(value);
  else if (isTensor(value)) yield* tensor(value, storages);
  else if (isList(value)) yield* list(value, storages);
  else if (value instanceof Map) yield* [...orderedDict, ...items(value, storages)];
  else yield* [op.emptyDict, ...items(Object.entries(value), storages)];
}

/** Array.isArray does not narrow readonly arrays. */
const isList = (value: object): value is readonly TorchValue[] => Array.isArray(value);

function* list(values: readonly TorchValue[], storages: Storages): Generator<Buffer> {
  yield op.emptyList;
  yield op.mark;
  for (const value of values) yield* parts(value, storages);
  yield op.appends;
}

function* items(entries: Iterable<[string, TorchValue]>, storages: Storages): Generator<Buffer> {
  yield op.mark;
  for (const [key, value] of entries) {
    yield text(key);
    yield* parts(value, storages);
  }
  yield op.setItems;
}

/** _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks). */
function* tensor({ shape, data }: Tensor, storages: Storages): Generator<Buffer> {
  const key = storages.get(data) ?? storages.size;
  storages.set(data, key);
  yield rebuildTensor;
  yield op.mark;
  yield op.mark;
  yield text("storage");
  yield data instanceof Float32Array ? floatStorage : longStorage;
  yield text(`${key}`);
  yield text("cpu");
  yield number(data.length);
  yield op.tuple;
  yield op.persistent;
  yield number(0);
  yield* [op.mark, ...shape.map(number), op.tuple];
  yield* [op.mark, ...rowMajor(shape).map(number), op.tuple];
  yield op.false;
  yield* orderedDict;
  yield op.tuple;
  yield op.reduce;
}

/** Whole numbers as int, others as float. */
function number(value: number): Buffer {
  const whole = Number.isSafeInteger(value) && !Object.is(value, -0);
  if (!whole) {
    const float = Buffer.from("G--------");
    float.writeDoubleBE(value, 1);
    return float;
  }
  if (value === (value | 0)) {
    const int = Buffer.from("J----");
    int.writeInt32LE(value, 1);
    return int;
  }
  const long = Buffer.from([0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
  long.writeBigInt64LE(BigInt(value), 2);
  return long;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  const head = Buffer.from("X----");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function global(module: string, name: string): Buffer {
  return Buffer.from(`c${module}\n${name}\n`);
}
