import { describe, expect, it } from "vitest";
import { decodeNpy } from "#uflow/input/npy.js";
import { encodeNpy, type NpyMap } from "#uflow/output/npy.js";

const decode = (bytes: Uint8Array) => decodeNpy(bytes, (reason) => new Error(reason));
const floats: NpyMap = { data: Float32Array.of(0, 1.5, -2, 1e-30, 3, 4), width: 3, height: 2 };
const bytes: NpyMap = { data: Uint8Array.of(0, 1, 1, 0), width: 2, height: 2 };

describe("a map", () => {
  it.each([floats, bytes])("comes back as it was written", (map) => {
    expect(decode(encodeNpy(map))).toEqual(map);
  });

  it("may lie anywhere in memory", () => {
    const file = encodeNpy(floats);
    const inside = Buffer.alloc(file.length + 8, 7).subarray(3, 3 + file.length);
    inside.set(file);
    expect(decode(inside)).toEqual(floats);
  });
});

it("is refused at every length but its own", () => {
  const file = encodeNpy(floats);
  for (let length = 0; length < file.length; length++) {
    expect(() => decode(file.subarray(0, length))).toThrow(/too few|cut off|bytes of data/);
  }
  expect(() => decode(Buffer.concat([file, Buffer.of(0)]))).toThrow(
    "25 bytes of data, and its header says 24",
  );
});

it.each([
  ["<f4", "<f8"],
  ["False", "True "],
  ["(2, 3)", "(2, 9)"],
  ["(2, 3)", "(6,)  "],
  ["NUMPY\x01", "NUMPY\x02"],
])("of another kind is refused: %s → %s", (from, to) => {
  const file = Buffer.from(encodeNpy(floats)).toString("latin1").replace(from, to);
  expect(() => decode(Buffer.from(file, "latin1"))).toThrow(/header|version/);
});
