import { describe, expect, it } from "vitest";
import * as p from "./checkpoints.js";
import { expectRefused, readBytes, scratchFolder } from "./scratch.js";

const scratch = scratchFolder();
const read = (bytes: Uint8Array) => readBytes(scratch("given.pt"), bytes);
const refused = (bytes: Uint8Array, reason: RegExp) => expectRefused(scratch("given.pt"), bytes, reason);
const readPickle = (value: Uint8Array) => read(p.archive(p.pickle(value)));
const refusedPickle = (value: Uint8Array, reason: RegExp) => refused(p.archive(p.pickle(value)), reason);

const system = p.call("os.system", p.text("touch /tmp/uflow-was-here"));

describe("a pickle made by hand", () => {
  it("is read", async () => {
    const { contents } = await readPickle(
      p.dict({ w: p.tensor(), v: p.tensor({ offset: 1, shape: [3], strides: [1] }) }),
    );
    expect(contents).toEqual({
      w: { dtype: "float32", shape: [2, 2], values: [1, 2, 3, 4] },
      v: { dtype: "float32", shape: [3], values: [2, 3, 4] },
    });
  });

  it("is read beside values of unknown classes, which are not called", async () => {
    const namespace = p.join(
      p.global("argparse.Namespace"),
      p.EMPTY_TUPLE,
      p.NEWOBJ,
      p.dict({ a: p.long(1) }),
      p.BUILD,
    );
    const list = p.join(p.global("omegaconf.ListConfig"), p.EMPTY_TUPLE, p.REDUCE, p.NONE, p.APPEND);
    const root = p.dict({ args: namespace, more: list, evil: system, state_dict: p.dict({ w: p.tensor() }) });
    const { contents, metadata } = await readPickle(root);
    expect(contents.w!.values).toEqual([1, 2, 3, 4]);
    expect([...metadata.values()]).toMatchObject([
      { name: "argparse.Namespace" },
      { name: "omegaconf.ListConfig" },
      { name: "os.system" },
    ]);
  });

  it("keeps names like those of an object's parts apart from them", async () => {
    const { contents } = await readPickle(p.dict({ __proto__x: p.tensor(), constructor: p.tensor() }));
    expect(Object.keys(contents)).toEqual(["__proto__x", "constructor"]);
    const proto = p.join(p.EMPTY_DICT, p.text("__proto__"), p.tensor(), p.SETITEM);
    await readPickle(proto);
    expect(({} as Record<string, unknown>).storage).toBeUndefined();
  });
});

describe("what is wanted and comes out of an unknown function", () => {
  const named = /"os\.system"/;

  it("is refused by name: everything", async () => {
    await refusedPickle(system, named);
    await refusedPickle(p.join(p.global("builtins.eval")), /"builtins\.eval"/);
  });

  it("is refused by name: the state dict", async () => {
    await refusedPickle(p.dict({ state_dict: system }), named);
    await refusedPickle(p.dict({ model: system }), named);
  });

  it("is refused by name: a tensor, or a part of one", async () => {
    const rebuild = (...args: Uint8Array[]) => p.call("torch._utils._rebuild_tensor_v2", ...args);
    const shape = p.tuple(p.long(2));
    const wrong = [
      system,
      p.call("torch._utils._rebuild_parameter", system, p.TRUE, p.NONE),
      rebuild(system, p.long(0), shape, shape),
      rebuild(p.storage(), system, shape, shape),
      rebuild(p.storage(), p.long(0), system, shape),
      rebuild(p.storage(), p.long(0), shape, system),
      p.join(p.global("os.system"), p.EMPTY_TUPLE, p.NEWOBJ),
      p.join(system, p.dict({}), p.BUILD),
      p.join(system, p.tuple(p.NONE), p.REDUCE),
    ];
    for (const value of wrong) {
      await refusedPickle(p.dict({ w: value, v: p.tensor() }), named);
      await refusedPickle(p.dict({ state_dict: p.dict({ w: value, v: p.tensor() }) }), named);
    }
    await refusedPickle(
      p.dict({ w: p.tensor({ type: "torch.ComplexFloatStorage" }) }),
      /"torch\.ComplexFloatStorage"/,
    );
    await refusedPickle(p.dict({ w: p.tensor({ type: "os.system" }) }), named);
  });
});

describe("a pickle that is not what PyTorch writes", () => {
  it.each([
    ["INST", "(ios\nsystem\n"],
    ["OBJ", "(o"],
    ["EXT1", "\x82\x01"],
    ["EXT4", "\x84\x01\0\0\0"],
    ["PERSID", "Px\n"],
    ["INT", "I1\n"],
    ["UNICODE", "Vx\n"],
    ["NEXT_BUFFER", "\x97"],
    ["0xff", "\xff"],
  ])("is refused for the opcode %s", async (name, code) => {
    await refusedPickle(
      p.dict({ x: Buffer.from(code, "latin1"), w: p.tensor() }),
      new RegExp(`opcode ${name}`),
    );
  });

  it("is refused when it calls, builds or refers to what it cannot", async () => {
    await refusedPickle(p.join(p.long(1), p.EMPTY_TUPLE, p.REDUCE), /calls something that is no function/);
    await refusedPickle(p.join(p.global("a.b"), p.long(1), p.REDUCE), /calls "a\.b" without arguments/);
    await refusedPickle(p.join(p.long(1), p.EMPTY_TUPLE, p.NEWOBJ), /no class/);
    await refusedPickle(p.join(p.long(1), p.NONE, p.BUILD), /attributes of a plain value/);
    await refusedPickle(p.call("builtins.set", p.long(1)), /arguments that it does not take/);
    await refusedPickle(p.call("collections.OrderedDict", p.long(1)), /arguments that it does not take/);
    await refusedPickle(p.call("torch._utils._rebuild_tensor_v2"), /arguments that it does not take/);
    for (const id of [p.text("x"), p.tuple(), p.tuple(p.text("module"), p.NONE, p.NONE, p.NONE, p.NONE)]) {
      await refusedPickle(p.join(id, p.BINPERSID), /no storage/);
    }
  });

  it("is refused when its stack does not hold what it takes", async () => {
    const broken = [
      "",
      "0",
      "t",
      "a",
      "s",
      "R",
      "b",
      "Q",
      "2",
      "(a",
      "((ta",
      "]K\x01K\x02(s",
      "}(K\x01u",
      "K\x01u",
      "h\0",
      "(t0q\0",
    ];
    for (const code of broken) {
      await refusedPickle(
        Buffer.from(code, "latin1"),
        /pickle (takes|closes|has a key|sets|appends|recalls)/,
      );
    }
  });

  it("is refused when it is cut off, anywhere", async () => {
    const whole = p.pickle(p.dict({ w: p.tensor() }));
    for (let length = 0; length < whole.length; length++) {
      await refused(p.archive(whole.subarray(0, length)), /was cut off|calls|no storage|no data/);
    }
  });

  it("is refused when it claims lengths that it has not", async () => {
    for (const code of [
      "X\xff\xff\xff\x7f",
      "\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
      "B\0\0\0\x10",
      "\x8b\xff\xff\xff\xff",
    ]) {
      await refusedPickle(Buffer.from(code, "latin1"), /cut off|at most|a number of/);
    }
    await refusedPickle(Buffer.from(`c${"x".repeat(2000)}\ny\n`), /very long text/);
    await refused(p.archive(p.join(Buffer.from([0x80, 6]), p.dict({}), p.STOP)), /protocol 6/);
  });
});

describe("a pickle made to fill memory, stack or time", () => {
  it("is read when it is nested 100 000 deep beside the weights", async () => {
    const deep = p.join(Buffer.alloc(100_000, p.EMPTY_LIST), Buffer.alloc(99_999, p.APPEND));
    const tuples = p.join(p.NONE, Buffer.alloc(100_000, p.TUPLE1));
    const { contents } = await readPickle(p.dict({ deep, tuples, state_dict: p.dict({ w: p.tensor() }) }));
    expect(contents.w!.values).toEqual([1, 2, 3, 4]);
  });

  it("is refused when the weights are nested", async () => {
    await refusedPickle(
      p.dict({ state_dict: p.dict({ inner: p.dict({ w: p.tensor() }) }) }),
      /no tensor .*"inner"/,
    );
    await refusedPickle(p.join(p.NONE, Buffer.alloc(100_000, p.TUPLE1)), /plain value/);
  });

  it("is read when it contains itself", async () => {
    const itself = p.join(p.EMPTY_DICT, p.binput(0), p.text("me"), p.binget(0), p.SETITEM);
    const root = p.join(itself, p.text("w"), p.tensor(), p.SETITEM);
    const { contents, metadata } = await readPickle(root);
    expect(Object.keys(contents)).toEqual(["w"]);
    expect((metadata.get("me") as Map<string, unknown>).get("me")).toBe(metadata.get("me"));
  });

  it("is refused when it takes millions of steps", async () => {
    await refusedPickle(Buffer.alloc(1_100_000, p.EMPTY_DICT), /more than \d+ steps/);
  });

  it("is refused when it copies one long list over and over", async () => {
    const list = p.join(p.EMPTY_LIST, p.binput(0), p.MARK, Buffer.alloc(100_000, p.NONE), p.APPENDS);
    const copies = Array.from({ length: 1000 }, () => p.call("builtins.set", p.binget(0)));
    await refusedPickle(p.join(list, ...copies), /more than \d+ steps/);
  });
});

describe("a tensor", () => {
  const refusedView = (view: p.View, reason: RegExp) => refusedPickle(p.dict({ w: p.tensor(view) }), reason);

  it("is refused when it reaches beyond its storage", async () => {
    const beyond: p.View[] = [
      { shape: [5], strides: [1] },
      { shape: [2, 2], strides: [3, 1] },
      { offset: 1 },
      { offset: 4, shape: [], strides: [] },
      { offset: 5, shape: [0], strides: [1] },
      { shape: [1e12], strides: [1] },
      { shape: [2], strides: [2 ** 52] },
      { shape: [2 ** 40, 2], strides: [0, 2 ** 52] },
    ];
    for (const view of beyond) await refusedView(view, /"w" .* reaches beyond its storage of 4/);
  });

  it("is refused when its view is none", async () => {
    const wrong: p.View[] = [
      { offset: -1 },
      { shape: [-1, 2] },
      { strides: [-1, 1] },
      { shape: [2] },
      { strides: [1] },
      { shape: Array(65).fill(1), strides: Array(65).fill(1) },
      { shape: [2 ** 30, 2 ** 30], strides: [0, 0] },
    ];
    for (const view of wrong) await refusedView(view, /"w" has no valid shape/);
    const half = p.call(
      "torch._utils._rebuild_tensor_v2",
      p.storage(),
      p.long(0),
      p.tuple(p.float(1.5)),
      p.tuple(p.long(1)),
    );
    await refusedPickle(p.dict({ w: half }), /no valid shape/);
  });

  it("is refused when its storage is missing, or of another size than it says", async () => {
    await refusedView({ key: "1" }, /no storage "1"/);
    await refusedView({ key: "../data.pkl" }, /no storage/);
    for (const elements of [0, 3, 5, -4, 1e12]) await refusedView({ elements }, /takes 16 bytes/);
    await refusedView({ type: "torch.DoubleStorage" }, /should hold 4 of 8/);
    await refusedPickle(p.dict({ w: p.storage() }), /"torch\.FloatStorage"/);
  });

  it("may be one number for many, but not for any number", async () => {
    const { contents } = await readPickle(
      p.dict({ w: p.tensor({ offset: 2, shape: [1000, 3], strides: [0, 0] }) }),
    );
    expect(contents.w!.values).toEqual(Array(3000).fill(3));
    await refusedView({ shape: [1e12], strides: [0] }, /far larger than the file/);
    const many: Record<string, Uint8Array> = {};
    for (let i = 0; i < 20; i++) many[`w${i}`] = p.tensor({ shape: [2 ** 20], strides: [0] });
    await refusedPickle(p.dict(many), /far larger than the file/);
  });
});

describe("an archive", () => {
  const pickle = p.pickle(p.dict({ w: p.tensor() }));
  const good = p.archive(pickle);
  /** Changes the record of an entry in the directory. */
  const patched = (bytes: Buffer, name: string, change: (record: Buffer) => void) => {
    const copy = Buffer.from(bytes);
    change(copy.subarray(copy.lastIndexOf(name) - 46));
    return copy;
  };

  it("is refused when it is no checkpoint", async () => {
    const entry = { name: "x/data.pkl", bytes: pickle };
    await refused(p.zip([]), /without data\.pkl/);
    await refused(p.zip([{ name: "manifest.json", bytes: pickle }]), /without data\.pkl/);
    await refused(p.zip([entry, { name: "y/data.pkl", bytes: pickle }]), /more than one data\.pkl/);
    await refused(Buffer.from("PK\x03\x04 and nothing else"), /not a PyTorch checkpoint, or it was cut off/);
  });

  it("is refused when it is big-endian", async () => {
    await refused(
      p.archive(pickle, [{ name: "a/byteorder", bytes: Buffer.from("big") }]),
      /byte order is "big"/,
    );
    const { contents } = await read(
      p.archive(pickle, [{ name: "a/byteorder", bytes: Buffer.from("little") }]),
    );
    expect(contents.w!.values).toEqual([1, 2, 3, 4]);
  });

  it("is refused when its pickle is huge", async () => {
    await refused(p.archive(Buffer.alloc(2 ** 26 + 1)), /at most 67108864/);
  });

  it("is refused when an entry is there twice, compressed or encrypted", async () => {
    await refused(p.archive(pickle, [{ name: "a/data/0", bytes: p.four }]), /"a\/data\/0" is there twice/);
    await refused(
      patched(good, "a/data/0", (record) => record.writeUInt16LE(8, 10)),
      /"a\/data\/0" is compressed/,
    );
    await refused(
      patched(good, "a/data/0", (record) => record.writeUInt16LE(1, 8)),
      /encrypted|size mismatch/,
    );
  });

  it("is refused when entries overlap or lie outside", async () => {
    const overlapping = patched(good, "a/data/0", (record) => record.writeUInt32LE(0, 42));
    await refused(overlapping, /overlap/);
    const longer = patched(good, "a/data/0", (record) => {
      record.writeUInt32LE(1e9, 20);
      record.writeUInt32LE(1e9, 24);
    });
    await refused(longer, /overflows/);
    await refused(
      patched(good, "a/data/0", (record) => record.writeUInt32LE(4e9, 42)),
      /points at/,
    );
  });

  it("is refused when it claims millions of entries", async () => {
    const directory = Buffer.alloc(56 + 20 + 22);
    directory.writeUInt32LE(0x06064b50);
    directory.writeBigUInt64LE(2n ** 40n, 32);
    directory.writeUInt32LE(0x07064b50, 56);
    directory.writeUInt32LE(0x06054b50, 76);
    const zip64 = (at: bigint) => {
      directory.writeBigUInt64LE(at, 64);
      return p.join(good.subarray(0, 64), directory);
    };
    await refused(zip64(64n), /1099511627776 entries/);
    await refused(zip64(2n ** 62n), /points at/);
  });
});

describe("what is no checkpoint", () => {
  it.each([
    ["", /is empty/],
    ["x", /neither/],
    ["\x1c\0\0\0TFL3", /TensorFlow Lite/],
    ["\x89HDF\r\n\x1a\n", /Keras/],
    ["\x93NUMPY\x01\0", /NumPy/],
    ["<!DOCTYPE html>", /download failed/],
    ["version https://git-lfs.github.com/spec/v1\n", /git lfs pull/],
    ["\x80\x04\x95plain pickle", /neither/],
  ])("is refused by what it is: %j", async (start, reason) => {
    await refused(Buffer.from(start, "latin1"), reason);
  });
});

describe("a checkpoint of the old format", () => {
  const start = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");
  const machine = (littleEndian: Uint8Array) => p.pickle(p.dict({ little_endian: littleEndian }));
  const count = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  };
  const legacy = ({
    version = 1001,
    little = p.TRUE,
    value = p.dict({ w: p.tensor() }),
    keys = ["0"],
    size = 4,
  } = {}) =>
    p.join(
      start,
      p.pickle(p.long(version)),
      machine(little),
      p.pickle(value),
      p.pickle(p.tuple(...keys.map(p.text))),
      count(size),
      p.four,
    );

  it("is read", async () => {
    expect((await read(legacy())).contents.w!.values).toEqual([1, 2, 3, 4]);
  });

  it("is refused when it is damaged, hostile or big-endian", async () => {
    await refused(legacy({ version: 7 }), /version is not 1001/);
    await refused(legacy({ little: p.FALSE }), /little-endian/);
    await refused(legacy({ keys: [] }), /no storage "0"/);
    await refused(legacy({ keys: ["0", "0"] }), /list of storages/);
    await refused(legacy({ keys: ["1"] }), /list of storages/);
    for (const size of [3, -4, 2 ** 40]) await refused(legacy({ size }), /size of one of its storages/);
    await refused(
      legacy({ value: p.dict({ w: p.tensor({ elements: 2 ** 40 }) }), size: 2 ** 40 }),
      /cut off/,
    );
    await refused(legacy({ value: p.dict({ w: p.tensor({ elements: -4 }) }), size: -4 }), /size of one/);
    await refused(legacy({ value: p.dict({ w: system }), keys: [] }), /os\.system/);
    const whole = legacy();
    for (let end = start.length; end < whole.length; end++) {
      await refused(whole.subarray(0, end), /cut off|points at|calls|no storage/);
    }
  });
});
