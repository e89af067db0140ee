import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { Random } from "#uflow/random.js";
import { readTflite, type TfliteTensor, tfliteNumbers } from "#uflow/weights/tflite/model.js";

const path = createRequire(import.meta.url).resolve("@mediapipe/objectron/object_detection_3d_cup.tflite");
const file = new Uint8Array(readFileSync(path));

/** Reads hostile bytes. @returns whether they were taken; everything but our error is a failure. */
function survives(bytes: Uint8Array): boolean {
  try {
    readTflite(bytes);
    return true;
  } catch (error) {
    if (!(error instanceof UflowError) || error.code !== "ERR_UFLOW_BAD_WEIGHTS") throw error;
    return false;
  }
}

describe("the file of the embedded backbone", () => {
  const { tensors, operations, inputs } = readTflite(file);
  const convolutions = operations.filter(({ kind }) => kind === "conv" || kind === "depthwise");

  it("is a convolutional network on pictures", () => {
    expect(tensors[inputs[0]!]).toMatchObject({ name: "input_1", shape: [1, 224, 224, 3], type: "float32" });
    expect(tensors[inputs[0]!]!.bytes).toHaveLength(0);
    expect(convolutions.length).toBeGreaterThan(40);
    for (const operation of convolutions) {
      if (!("padding" in operation)) continue;
      expect(operation.padding).toBe("same");
      expect([1, 2]).toContain(operation.strides[0]);
      expect(operation.strides[1]).toBe(operation.strides[0]);
      expect(operation.dilations).toEqual([1, 1]);
    }
  });

  it("holds its weights as float16, all of them finite", () => {
    const constants = tensors.filter(({ bytes }) => bytes.length > 0);
    expect(constants.filter(({ type }) => type === "float16").length).toBeGreaterThan(90);
    for (const tensor of constants.filter(({ type }) => type !== "other")) {
      const numbers = tfliteNumbers(tensor);
      expect(Number.isFinite(numbers.reduce((sum, value) => sum + value, 0)), tensor.name).toBe(true);
      expect(
        numbers.some((value) => value !== 0),
        tensor.name,
      ).toBe(true);
    }
  });

  it("keeps constants as views of the file", () => {
    for (const { bytes } of tensors) if (bytes.length > 0) expect(bytes.buffer).toBe(file.buffer);
  });
});

const constant = (more: Partial<TfliteTensor>): TfliteTensor => ({
  name: "w",
  shape: [2],
  type: "float16",
  bytes: new Uint8Array(4),
  ...more,
});

/** Half-precision bits and what they mean. */
const halves: [bits: number, value: number][] = [
  [0x0000, 0],
  [0x8000, -0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x7bff, 65504],
  [0x0400, 2 ** -14],
  [0x03ff, (1023 / 1024) * 2 ** -14],
  [0x0001, 2 ** -24],
  [0x8001, -(2 ** -24)],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
  [0x7e00, Number.NaN],
];

describe("constants", () => {
  it.each(halves)("decodes the half 0x%s", (bits, value) => {
    // At an odd place in memory, as in a file.
    const bytes = Uint8Array.of(0, bits & 0xff, bits >> 8).subarray(1);
    expect(tfliteNumbers(constant({ shape: [1], bytes }))[0]).toBe(value);
  });

  it("decodes float32, little-endian", () => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat32(4, -1.5, true);
    expect([...tfliteNumbers(constant({ type: "float32", bytes }))]).toEqual([0, -1.5]);
  });

  it.each([
    { shape: [3] },
    { shape: [] },
    { type: "other" as const },
    { shape: [-1, -2] },
    { shape: [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1] },
    { shape: Array.from({ length: 40 }, () => 2 ** 31 - 1) },
    { shape: [Number.MIN_SAFE_INTEGER, 0], bytes: new Uint8Array(0) },
  ])("refuses a constant whose shape its bytes do not fill: %j", (more) => {
    expect(() => tfliteNumbers(constant(more))).toThrow(
      expect.objectContaining({
        code: "ERR_UFLOW_BAD_WEIGHTS",
        message: expect.stringContaining('Tensor "w"'),
      }),
    );
  });
});

/** Places of the file that are no weights: offsets, lengths, names, options. */
function structure(): Int32Array {
  const free = new Uint8Array(file.length).fill(1);
  for (const { bytes } of readTflite(file).tensors) {
    free.fill(0, bytes.byteOffset - file.byteOffset, bytes.byteOffset - file.byteOffset + bytes.length);
  }
  return Int32Array.from(free.keys()).filter((at) => free[at] === 1);
}

describe("hostile bytes", () => {
  const random = new Random(11);

  it("refuses what is no such file", () => {
    expect(survives(new Uint8Array(0))).toBe(false);
    for (let length = 1; length < 64; length++) {
      const noise = Uint8Array.from({ length }, () => random.below(256));
      expect(survives(noise)).toBe(false);
      noise.set(Buffer.from("TFL3").subarray(0, Math.max(0, length - 4)), Math.min(4, length - 1));
      survives(noise);
    }
  });

  it("refuses the file cut off anywhere", () => {
    const ends = Array.from({ length: 100 }, () => random.below(file.length));
    for (const end of [4, 7, 8, 9, 100, file.length - 1, ...ends]) {
      expect(survives(file.subarray(0, end)), `${end} bytes`).toBe(false);
    }
  });

  it("takes or refuses the file with any bytes flipped, and nothing else", () => {
    const places = structure();
    const copy = file.slice();
    const patched = new DataView(copy.buffer);
    const edges = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, file.length, file.length - 4];
    let taken = 0;
    for (let round = 0; round < 400; round++) {
      const at = Math.min(places[random.below(places.length)]!, file.length - 4);
      const whole = random.below(2) === 0;
      if (whole) patched.setUint32(at, edges[random.below(edges.length)]!, true);
      else copy[at] = random.below(256);
      if (survives(copy)) taken += 1;
      copy.set(file.subarray(at, at + 4), at);
    }
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(400);
  });
});

/**
 * The smallest file with one graph of `tensors` tensors, all of which are the same table with a shape of `rank` sizes.
 * Offsets of what the tests damage: the vector of tensors at 52, the table of the graph at 44.
 */
function crafted(tensors: number, rank: number): { bytes: Uint8Array; view: DataView } {
  const tensor = 56 + 4 * tensors + 8;
  const bytes = new Uint8Array(tensor + 12 + 4 * rank);
  const view = new DataView(bytes.buffer);
  const put16 = (at: number, ...values: number[]) =>
    values.forEach((value, i) => {
      view.setUint16(at + 2 * i, value, true);
    });
  const put32 = (at: number, ...values: number[]) =>
    values.forEach((value, i) => {
      view.setUint32(at + 4 * i, value, true);
    });
  bytes.set(Buffer.from("TFL3"), 4);
  put32(0, 20);
  put16(8, 10, 8, 0, 0, 4); // the model's fields: graphs
  put32(20, 12, 4, 1, 12);
  put16(36, 6, 8, 4); // the graph's fields: tensors
  put32(44, 8, 4, tensors);
  for (let i = 0; i < tensors; i++) put32(56 + 4 * i, tensor - 56 - 4 * i);
  put16(tensor - 8, 6, 8, 4); // the tensor's fields: its shape
  put32(tensor, 8, 4, rank);
  return { bytes, view };
}

describe("files made to harm", () => {
  it("are read when they are whole", () => {
    const { tensors } = readTflite(crafted(3, 2).bytes);
    expect(tensors).toEqual(
      Array(3).fill({ name: "", shape: [0, 0], type: "float32", bytes: new Uint8Array(0) }),
    );
  });

  it.each([1000, 2 ** 31, 2 ** 32 - 1])("are refused when a vector claims %i elements", (length) => {
    const { bytes, view } = crafted(3, 2);
    view.setUint32(52, length, true);
    expect(survives(bytes)).toBe(false);
  });

  it.each([0, 8, -8, 2 ** 31 - 1, -(2 ** 31)])(
    "survive a table whose fields are said to lie %i before it",
    (offset) => {
      const { bytes, view } = crafted(3, 2);
      view.setInt32(44, offset, true);
      survives(bytes);
    },
  );

  it("are refused when tables point at each other in a circle: an offset never leads back", () => {
    const { bytes, view } = crafted(3, 2);
    view.setUint32(56, 2 ** 32 - 12, true);
    expect(survives(bytes)).toBe(false);
  });

  it("are refused when many tables share one long vector, which would fill the memory", () => {
    const before = process.memoryUsage().rss;
    expect(survives(crafted(30_000, 30_000).bytes)).toBe(false);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
  });
});
