/**
 * A pickle machine for checkpoints that executes nothing. Python's pickles are programs: a GLOBAL names any function, a
 * REDUCE calls it. Here the few functions that PyTorch needs for tensors are a table (`constructors.ts`); whatever else is
 * named or called becomes an `Opaque`, which remembers its name and nothing else. So the hyper-parameters of a
 * checkpoint may be of any class, and its tensors are still read; and who wants a value that is opaque can refuse it by
 * its name.
 *
 * The opcodes are those of protocols 2 to 5 (Python's Lib/pickletools.py describes them). What only protocol 0 and 1
 * write, and what reaches outside of the pickle, is refused. The machine is a loop over a stack of its own, so that no
 * nesting overflows JavaScript's; every step is counted, and so is whatever a step copies.
 */

import { quoted } from "../../input/quoted.js";
import type { Refuse } from "../../input/random-access-file.js";
import { Opaque, type PickleValue } from "./values.js";

/** A function of the table: makes a value of its arguments. `spend` counts what it copies. */
export type Constructor = (args: PickleValue[], spend: (steps: number) => void) => PickleValue | undefined;

/** What gives a pickle its meaning. */
export interface PickleWorld {
  /** Functions by name; those that are not among them are opaque. */
  constructors: ReadonlyMap<string, Constructor>;
  /** What stands outside of the pickle. @returns undefined when there is no such thing. */
  persistent(id: PickleValue): PickleValue | undefined;
  refuse: Refuse;
}

/** Steps of a program, and elements that it copies. Large checkpoints, with their optimizer, take a tenth of it. */
const stepLimit = 2 ** 20;
const textLimit = 2 ** 24;
const nameLimit = 1000;
const integerBytesLimit = 1024;
const highestProtocol = 5;

/**
 * Runs the pickle that begins at byte `start`.
 * @returns its value, and the byte behind it.
 * @throws what `world.refuse` makes: the pickle is damaged, too long, or uses an opcode that no checkpoint needs.
 */
export function unpickle(bytes: Buffer, world: PickleWorld, start = 0): { value: PickleValue; end: number } {
  return new Machine(bytes, world, start).run();
}

class Machine {
  private readonly stack: PickleValue[] = [];
  /** Heights of the stack at the open marks. */
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, PickleValue>();
  private steps = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly world: PickleWorld,
    private position: number,
  ) {}

  run(): { value: PickleValue; end: number } {
    for (;;) {
      this.spend(1);
      const code = this.bytes[this.take(1)]!;
      if (code === stop) return { value: this.pop(), end: this.position };
      const operation = operations[code];
      if (!operation) throw this.unknown(code);
      operation(this);
    }
  }

  /** A step copies what it copies: without counting that, a short program could fill any memory. */
  readonly spend = (steps: number): void => {
    this.steps += steps;
    if (this.steps > stepLimit) throw this.bad(`takes more than ${stepLimit} steps`);
  };

  bad(problem: string): Error {
    return this.world.refuse(`its pickle ${problem}`);
  }

  private unknown(code: number): Error {
    const name = Object.hasOwn(refused, code)
      ? `${refused[code]}, which is not read here`
      : `0x${code.toString(16)}`;
    return this.bad(`uses the opcode ${name}`);
  }

  /** Skips `length` bytes. @returns where they begin. */
  take(length: number): number {
    const at = this.position;
    if (length > this.bytes.length - at) throw this.bad("was cut off");
    this.position += length;
    return at;
  }

  uint8 = () => this.bytes.readUInt8(this.take(1));
  uint16 = () => this.bytes.readUInt16LE(this.take(2));
  int32 = () => this.bytes.readInt32LE(this.take(4));
  uint32 = () => this.bytes.readUInt32LE(this.take(4));
  uint64 = () => Number(this.bytes.readBigUInt64LE(this.take(8)));
  float64 = () => this.bytes.readDoubleBE(this.take(8));

  /** A view of the next bytes. */
  blob(length: number): Buffer {
    if (length > textLimit) throw this.bad(`holds a text of ${length} bytes; at most ${textLimit} are read`);
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A number of any size in two's complement. */
  integer(length: number): number | bigint {
    if (length > integerBytesLimit) throw this.bad(`holds a number of ${length} bytes`);
    const hex = Buffer.from(this.blob(length)).reverse().toString("hex");
    const value = BigInt.asIntN(8 * length, BigInt(`0x${hex || "0"}`));
    const safe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
    return safe ? Number(value) : value;
  }

  /** A line of text, without its end. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) throw this.bad("was cut off");
    const text = this.blob(end - this.position).toString("utf8");
    this.take(1);
    return text;
  }

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) throw this.bad("takes more than it has made");
    return this.stack.pop()!;
  }

  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.marks.push(this.stack.length);
  }

  /** Takes all values above the last mark, and the mark. */
  popMark(): PickleValue[] {
    const height = this.marks.pop();
    if (height === undefined) throw this.bad("closes what it has not opened");
    return this.stack.splice(height);
  }

  popTuple(length: number): PickleValue[] {
    return Array.from({ length }, () => this.pop()).reverse();
  }

  /** Drops one value, or the last mark where nothing stands above it. */
  drop(): void {
    if (this.stack.length === this.marks.at(-1)) this.marks.pop();
    else this.pop();
  }

  store(index: number): void {
    this.memo.set(index, this.top());
  }

  memoize(): void {
    this.store(this.memo.size);
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.bad(`recalls ${index}, which it has not stored`);
    this.push(value);
  }

  append(items: PickleValue[]): void {
    const list = this.top();
    if (Array.isArray(list)) for (const item of items) list.push(item);
    else if (list instanceof Set) for (const item of items) list.add(item);
    else if (!(list instanceof Opaque)) throw this.bad("appends to something that is no list");
  }

  setItems(items: PickleValue[]): void {
    const target = this.top();
    if (items.length % 2 !== 0) throw this.bad("has a key without a value");
    if (target instanceof Map) {
      for (let i = 0; i < items.length; i += 2) target.set(items[i]!, items[i + 1]!);
    } else if (!(target instanceof Opaque)) throw this.bad("sets items of something that is no dictionary");
  }

  dictionary(items: PickleValue[]): void {
    this.push(new Map());
    this.setItems(items);
  }

  global(module: PickleValue, name: PickleValue): void {
    if (typeof module !== "string" || typeof name !== "string") throw this.bad("names a function by no text");
    // A long text can be stored once and used over and over.
    if (module.length + name.length > nameLimit) throw this.bad("names a function by a very long text");
    this.push(new Opaque(`${module}.${name}`));
  }

  /** Calls a function of the table; of any other, the result is opaque. */
  reduce(): void {
    const args = this.pop();
    const callable = this.pop();
    if (!(callable instanceof Opaque)) throw this.bad("calls something that is no function");
    if (!Array.isArray(args)) throw this.bad(`calls ${quoted(callable.name)} without arguments`);
    const construct = this.world.constructors.get(callable.name);
    const value = construct ? construct(args, this.spend) : callable;
    if (value === undefined)
      throw this.bad(`calls ${quoted(callable.name)} with arguments that it does not take`);
    this.push(value);
  }

  /** An instance of a class: opaque, as no class is known. */
  instance(parts: number): void {
    const [type] = this.popTuple(parts);
    if (!(type instanceof Opaque)) throw this.bad("makes an instance of something that is no class");
    this.push(type);
  }

  /** Attributes of an object. An OrderedDict may have some (`_metadata` of a state dict), which mean nothing here. */
  build(): void {
    this.pop();
    const target = this.top();
    if (!(target instanceof Opaque || target instanceof Map))
      throw this.bad("sets attributes of a plain value");
  }

  persistent(): void {
    const value = this.world.persistent(this.pop());
    if (value === undefined) throw this.bad("refers to something outside of it that is no storage");
    this.push(value);
  }

  protocol(): void {
    const protocol = this.uint8();
    if (protocol > highestProtocol)
      throw this.bad(`is of protocol ${protocol}; at most ${highestProtocol} is read`);
  }
}

type Operation = (machine: Machine) => void;

const text = (bytes: Buffer) => bytes.toString("utf8");
const stop = 0x2e;

const operations: Readonly<Record<number, Operation>> = {
  128: (m) => m.protocol(), // PROTO
  149: (m) => m.take(8), // FRAME: a length, of use only to who reads from a stream
  // Constants
  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  74: (m) => m.push(m.int32()), // BININT
  75: (m) => m.push(m.uint8()), // BININT1
  77: (m) => m.push(m.uint16()), // BININT2
  138: (m) => m.push(m.integer(m.uint8())), // LONG1
  139: (m) => m.push(m.integer(m.uint32())), // LONG4
  71: (m) => m.push(m.float64()), // BINFLOAT
  84: (m) => m.push(text(m.blob(m.uint32()))), // BINSTRING
  85: (m) => m.push(text(m.blob(m.uint8()))), // SHORT_BINSTRING
  88: (m) => m.push(text(m.blob(m.uint32()))), // BINUNICODE
  140: (m) => m.push(text(m.blob(m.uint8()))), // SHORT_BINUNICODE
  141: (m) => m.push(text(m.blob(m.uint64()))), // BINUNICODE8
  66: (m) => m.push(m.blob(m.uint32())), // BINBYTES
  67: (m) => m.push(m.blob(m.uint8())), // SHORT_BINBYTES
  142: (m) => m.push(m.blob(m.uint64())), // BINBYTES8
  150: (m) => m.push(m.blob(m.uint64())), // BYTEARRAY8
  // Containers
  40: (m) => m.mark(), // MARK
  93: (m) => m.push([]), // EMPTY_LIST
  41: (m) => m.push([]), // EMPTY_TUPLE
  125: (m) => m.push(new Map()), // EMPTY_DICT
  143: (m) => m.push(new Set()), // EMPTY_SET
  108: (m) => m.push(m.popMark()), // LIST
  116: (m) => m.push(m.popMark()), // TUPLE
  133: (m) => m.push(m.popTuple(1)), // TUPLE1
  134: (m) => m.push(m.popTuple(2)), // TUPLE2
  135: (m) => m.push(m.popTuple(3)), // TUPLE3
  100: (m) => m.dictionary(m.popMark()), // DICT
  145: (m) => m.push(new Set(m.popMark())), // FROZENSET
  97: (m) => m.append(m.popTuple(1)), // APPEND
  101: (m) => m.append(m.popMark()), // APPENDS
  144: (m) => m.append(m.popMark()), // ADDITEMS
  115: (m) => m.setItems(m.popTuple(2)), // SETITEM
  117: (m) => m.setItems(m.popMark()), // SETITEMS
  // Stack and memo
  48: (m) => m.drop(), // POP
  49: (m) => m.popMark(), // POP_MARK
  50: (m) => m.push(m.top()), // DUP
  104: (m) => m.recall(m.uint8()), // BINGET
  106: (m) => m.recall(m.uint32()), // LONG_BINGET
  113: (m) => m.store(m.uint8()), // BINPUT
  114: (m) => m.store(m.uint32()), // LONG_BINPUT
  148: (m) => m.memoize(), // MEMOIZE
  // Objects
  99: (m) => m.global(m.line(), m.line()), // GLOBAL
  147: (m) => m.global(...(m.popTuple(2) as [PickleValue, PickleValue])), // STACK_GLOBAL
  82: (m) => m.reduce(), // REDUCE
  129: (m) => m.instance(2), // NEWOBJ
  146: (m) => m.instance(3), // NEWOBJ_EX
  98: (m) => m.build(), // BUILD
  81: (m) => m.persistent(), // BINPERSID
};

/** Known, and refused: of protocols 0 and 1, or reaching for things outside of the pickle. */
const refused: Readonly<Record<number, string>> = {
  70: "FLOAT",
  73: "INT",
  76: "LONG",
  80: "PERSID",
  83: "STRING",
  86: "UNICODE",
  103: "GET",
  105: "INST",
  111: "OBJ",
  112: "PUT",
  130: "EXT1",
  131: "EXT2",
  132: "EXT4",
  151: "NEXT_BUFFER",
  152: "READONLY_BUFFER",
};
