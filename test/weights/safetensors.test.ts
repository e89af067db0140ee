import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { writeSafetensors } from "#uflow/weights/safetensors.js";
import { openWeights } from "#uflow/weights/weight-file.js";
import { safetensors } from "./checkpoints.js";
import { expectRefused, readAll, readBytes, scratchFolder } from "./scratch.js";

const scratch = scratchFolder();
const read = (bytes: Uint8Array) => readBytes(scratch("given.safetensors"), bytes);
const refused = (bytes: Uint8Array, reason: RegExp) =>
  expectRefused(scratch("given.safetensors"), bytes, reason);

const entry = (dtype: string, shape: unknown, from: unknown, to: unknown) => ({
  dtype,
  shape,
  data_offsets: [from, to],
});
const file = (header: object, size: number) => safetensors(JSON.stringify(header), Buffer.alloc(size));

describe("a safetensors file", () => {
  it("is read, of every type", async () => {
    const numbers: [string, string, number[], number[]][] = [
      ["F64", "float64", [0, 0, 0, 0, 0, 0, 0xf8, 0xbf], [-1.5]],
      ["F32", "float32", [0, 0, 0x20, 0x40], [2.5]],
      ["F16", "float16", [0, 0x3c, 1, 0x80], [1, -(2 ** -24)]],
      ["BF16", "bfloat16", [0x80, 0x3f, 0x49, 0xc0], [1, -3.140625]],
      ["I64", "int64", [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [-2]],
      ["I32", "int32", [0, 0, 0, 0x80], [-(2 ** 31)]],
      ["I16", "int16", [0xff, 0xff], [-1]],
      ["I8", "int8", [0x80], [-128]],
      ["U64", "uint64", [0, 0, 0, 0, 1, 0, 0, 0], [2 ** 32]],
      ["U32", "uint32", [0xff, 0xff, 0xff, 0xff], [2 ** 32 - 1]],
      ["U16", "uint16", [0xff, 0xff], [65535]],
      ["U8", "uint8", [0xff], [255]],
      ["BOOL", "bool", [1, 0], [1, 0]],
    ];
    const header: Record<string, object> = {};
    const data: number[] = [];
    for (const [dtype, , bytes, values] of numbers) {
      header[dtype] = entry(dtype, [values.length], data.length, data.length + bytes.length);
      data.push(...bytes);
    }
    const { contents } = await read(safetensors(`${JSON.stringify(header)}   `, Uint8Array.from(data)));
    for (const [name, dtype, , values] of numbers) {
      expect(contents[name]).toEqual({ dtype, shape: [values.length], values });
    }
  });

  it("is read whatever its tensors are called, and in whatever order they lie", async () => {
    const header = `{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},
      "constructor":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"":{"dtype":"U8","shape":[0,9],"data_offsets":[2,2]},
      "a\\"b\\\\:{":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},"__metadata__":{"__proto__":"x","format":"pt"}}`;
    const { contents, metadata } = await read(safetensors(header, Uint8Array.of(7, 8, 9)));
    expect(Object.keys(contents).sort()).toEqual(["", 'a"b\\:{', "constructor"]);
    expect(contents.constructor).toMatchObject({ shape: [], values: [7] });
    expect(metadata.get("__proto__")).toBe("x");
    expect(metadata.get("format")).toBe("pt");
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
    const open = await openWeights(scratch("given.safetensors"));
    expect([...(await open.integers("__proto__"))]).toEqual([8]);
    await open.close();
  });

  it("is read as it was written here", async () => {
    const path = scratch("written.safetensors");
    const tensors = new Map([
      ["7", { shape: [2, 1], data: Float32Array.of(1.5, Number.NaN) }],
      ["__proto__", { shape: [1], data: BigInt64Array.of(-3n) }],
      ["empty", { shape: [0], data: new Float32Array(0) }],
      ["view", { shape: [], data: new Float32Array([9, 8, 7]).subarray(1, 2) }],
    ]);
    await writeSafetensors(path, tensors, { epoch: "3" });
    const open = await openWeights(path);
    expect([...open.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    expect([...(await open.floats("7"))]).toEqual([1.5, Number.NaN]);
    expect([...(await open.integers("__proto__"))]).toEqual([-3]);
    expect([...(await open.floats("view"))]).toEqual([8]);
    expect([...open.metadata]).toEqual([["epoch", "3"]]);
    await open.close();
    expect(Number(readFileSync(path).readBigUInt64LE()) % 8).toBe(0);
  });

  it("is not written when a tensor is wrong", async () => {
    const path = scratch("wrong.safetensors");
    const bad = { code: "ERR_UFLOW_BAD_TENSOR" };
    const tensor = { shape: [1], data: new Float32Array(1) };
    await expect(writeSafetensors(path, new Map([["w", { ...tensor, shape: [2] }]]))).rejects.toMatchObject(
      bad,
    );
    await expect(writeSafetensors(path, new Map([["__metadata__", tensor]]))).rejects.toMatchObject(bad);
    await expect(readAll(path)).rejects.toThrow(/does not exist/);
  });

  it("is read in blocks, where a tensor is longer than one", async () => {
    const numbers = Float32Array.from({ length: 2 ** 21 + 3 }, (_, i) => i);
    await writeSafetensors(
      scratch("long.safetensors"),
      new Map([["w", { shape: [numbers.length], data: numbers }]]),
    );
    const open = await openWeights(scratch("long.safetensors"));
    const found = await open.floats("w");
    await open.close();
    expect(Buffer.from(found.buffer).equals(Buffer.from(numbers.buffer))).toBe(true);
  });
});

describe("a hostile header", () => {
  const good = entry("F32", [1], 0, 4);

  it.each([9n, 2n ** 31n, 2n ** 63n, 2n ** 64n - 1n])(
    "is refused when it claims %d bytes",
    async (length) => {
      await refused(safetensors("{}", Buffer.alloc(2), length), /header|neither/);
    },
  );

  it("is refused when it is no JSON object", async () => {
    for (const header of ["{", '{"a":}', "{}x", "{'a':1}", `{"a":${"[".repeat(100_000)}`, "{]"]) {
      await refused(safetensors(header), /header is not JSON/);
    }
    await refused(safetensors(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), /header is not JSON/);
  });

  it("is refused when a name is there twice", async () => {
    const one = JSON.stringify(good);
    await refused(safetensors(`{"a":${one},"a":${one}}`, Buffer.alloc(4)), /name twice/);
    await refused(safetensors(`{"a":${one},"\\u0061":${one}}`, Buffer.alloc(4)), /name twice/);
    const inner = '{"a":{"dtype":"U8","dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    await refused(safetensors(inner, Buffer.alloc(4)), /name twice/);
  });

  it("is refused when an entry is not of its form", async () => {
    const wrong: unknown[] = [
      null,
      7,
      "x",
      [],
      {},
      { ...good, shape: "1" },
      { ...good, shape: [-1] },
      { ...good, shape: [1.5] },
      { ...good, shape: [null] },
      { ...good, shape: Array(65).fill(1) },
      { ...good, shape: [2 ** 40, 2 ** 40] },
      { ...good, data_offsets: [0] },
      { ...good, data_offsets: [0, 4, 8] },
      { ...good, data_offsets: [-4, 0] },
      { ...good, data_offsets: [0, "4"] },
      { ...good, data_offsets: {} },
      { ...good, dtype: 1 },
    ];
    for (const value of wrong) await refused(file({ a: value }, 4), /gives "a" no dtype|holds more/);
    await refused(file({ a: { ...good, dtype: "F8_E4M3" } }, 4), /"a" is of type "F8_E4M3"/);
    await refused(file({ a: { ...good, dtype: "toString" } }, 4), /"a" is of type "toString"/);
    await refused(file({ __metadata__: { a: 1 } }, 0), /__metadata__/);
    await refused(file({ __metadata__: { a: { b: "c" } } }, 0), /__metadata__|holds more/);
  });

  it("is refused when bytes and shape differ, or the bytes are not all taken exactly once", async () => {
    await refused(file({ a: entry("F32", [1], 0, 5) }, 5), /does not take 5 bytes/);
    await refused(file({ a: entry("F32", [1], 4, 0) }, 4), /does not take -4 bytes/);
    await refused(file({ a: entry("F32", [1e12], 0, 4e12) }, 4), /take 4000000000000 bytes, but 4/);
    await refused(file({ a: good, b: entry("F32", [1], 2, 6) }, 6), /overlap at byte 2/);
    await refused(file({ a: good, b: good }, 4), /overlap at byte 0/);
    await refused(file({ a: good, b: entry("F32", [1], 5, 9) }, 9), /gap at byte 5/);
    await refused(file({ a: entry("F32", [1], 1, 5) }, 5), /gap at byte 1/);
    await refused(file({ a: good }, 5), /take 4 bytes, but 5/);
    await refused(file({ a: good }, 3), /take 4 bytes, but 3/);
  });

  it("is refused when it holds millions of values", async () => {
    await refused(safetensors(`{"a":[${"[],".repeat(2 ** 21)}0]}`), /at most \d+ are read/);
  });
});
