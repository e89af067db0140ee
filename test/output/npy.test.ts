import { expect, it } from "vitest";
import { encodeNpy } from "#uflow/output/npy.js";

/** Reads what NumPy's format description says, version 1.0. */
function parse(bytes: Uint8Array) {
  const file = Buffer.from(bytes);
  const headerLength = file.readUInt16LE(8);
  const start = 10 + headerLength;
  return {
    magic: file.subarray(0, 8),
    header: file.toString("latin1", 10, start),
    start,
    data: file.subarray(start),
  };
}

it("writes float32 maps, little-endian, beginning at a multiple of 64 bytes", () => {
  const values = [0, 1.5, -2, Number.NaN, Number.NEGATIVE_INFINITY, 1e-30];
  const { magic, header, start, data } = parse(
    encodeNpy({ data: Float32Array.from(values), width: 3, height: 2 }),
  );
  expect([...magic]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  expect(header).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3\), \} *\n$/);
  expect(start % 64).toBe(0);
  expect(values.map((_, i) => data.readFloatLE(i * 4))).toEqual([...Float32Array.from(values)]);
});

it("writes uint8 maps, also from the middle of a larger buffer", () => {
  const view = Uint8Array.of(9, 9, 0, 1, 1, 0, 9).subarray(2, 6);
  const { header, data } = parse(encodeNpy({ data: view, width: 2, height: 2 }));
  expect(header).toContain("'|u1'");
  expect([...data]).toEqual([0, 1, 1, 0]);
});
