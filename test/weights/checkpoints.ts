import { storedZip, type ZipEntry } from "#uflow/output/stored-zip.js";

/** The pieces of pickles, by the names of Python's opcodes. */
const bytes = (...values: number[]) => Buffer.from(values);
const uint32 = (value: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
};
export const join = (...parts: Uint8Array[]) => Buffer.concat(parts);
export const PROTO = bytes(0x80, 2);
export const STOP = Buffer.from(".");
export const MARK = Buffer.from("(");
export const NONE = Buffer.from("N");
export const TRUE = bytes(0x88);
export const FALSE = bytes(0x89);
export const EMPTY_TUPLE = Buffer.from(")");
export const EMPTY_LIST = Buffer.from("]");
export const EMPTY_DICT = Buffer.from("}");
export const TUPLE = Buffer.from("t");
export const TUPLE1 = bytes(0x85);
export const TUPLE2 = bytes(0x86);
export const APPEND = Buffer.from("a");
export const APPENDS = Buffer.from("e");
export const SETITEM = Buffer.from("s");
export const REDUCE = Buffer.from("R");
export const BUILD = Buffer.from("b");
export const NEWOBJ = bytes(0x81);
export const BINPERSID = Buffer.from("Q");
export const binput = (index: number) => bytes(0x71, index);
export const binget = (index: number) => bytes(0x68, index);
export const global = (name: string) => {
  const dot = name.lastIndexOf(".");
  return Buffer.from(`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`);
};
export const text = (value: string) =>
  join(Buffer.from("X"), uint32(Buffer.byteLength(value)), Buffer.from(value));

/** A whole number, as LONG1 of eight bytes. */
export const long = (value: number) => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(BigInt(value));
  return join(bytes(0x8a, 8), buffer);
};
export const float = (value: number) => {
  const buffer = Buffer.alloc(9, "G");
  buffer.writeDoubleBE(value, 1);
  return buffer;
};
export const tuple = (...parts: Uint8Array[]) => join(MARK, ...parts, TUPLE);
export const dict = (entries: Record<string, Uint8Array>) =>
  join(EMPTY_DICT, ...Object.entries(entries).map(([key, value]) => join(text(key), value, SETITEM)));
export const call = (name: string, ...args: Uint8Array[]) => join(global(name), tuple(...args), REDUCE);

export interface View {
  type?: string;
  key?: string;
  elements?: number;
  offset?: number;
  shape?: number[];
  strides?: number[];
}

export const storage = ({ type = "torch.FloatStorage", key = "0", elements = 4 }: View = {}) =>
  join(tuple(text("storage"), global(type), text(key), text("cpu"), long(elements)), BINPERSID);

/** A tensor of a storage of four numbers, where nothing else is said. */
export const tensor = (view: View = {}) => {
  const { offset = 0, shape = [2, 2], strides = [2, 1] } = view;
  return call(
    "torch._utils._rebuild_tensor_v2",
    storage(view),
    long(offset),
    tuple(...shape.map(long)),
    tuple(...strides.map(long)),
    FALSE,
    call("collections.OrderedDict"),
  );
};

export const pickle = (value: Uint8Array) => join(PROTO, value, STOP);

/** Four numbers, as the storage that `tensor` refers to. */
export const four = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);

export const zip = (entries: readonly ZipEntry[]) => Buffer.concat([...storedZip(entries)]);

/** A checkpoint around a pickle, with the storage "0". */
export const archive = (data: Uint8Array, more: readonly ZipEntry[] = []) =>
  zip([
    { name: "a/data.pkl", bytes: data },
    { name: "a/data/0", bytes: four },
    { name: "a/version", bytes: Buffer.from("3\n") },
    ...more,
  ]);

/** A safetensors file with any header. */
export function safetensors(
  header: string | Uint8Array,
  data: Uint8Array = Buffer.alloc(0),
  length?: bigint,
): Buffer {
  const json = Buffer.from(header as string);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  return join(prefix, json, data);
}
