/** A map to be written: [height, width], rows from the top. */
export interface NpyMap {
  data: Float32Array | Uint8Array;
  width: number;
  height: number;
}

/** The data begin at a multiple of this, so that they can be mapped into memory. */
const alignment = 64;

/** The magic bytes, version 1.0. */
const preamble = Buffer.from("\x93NUMPY\x01\x00", "latin1");

/**
 * A map as the bytes of a NumPy file, for `numpy.load`: version 1.0, little-endian float32 or uint8, C order, shape
 * (height, width). NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".
 */
export function encodeNpy({ data, width, height }: NpyMap): Uint8Array {
  const type = data instanceof Float32Array ? "<f4" : "|u1";
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${height}, ${width}), }`;
  const fixed = preamble.length + 2;
  const length = Math.ceil((fixed + header.length + 1) / alignment) * alignment - fixed;
  const lengthField = Buffer.alloc(2);
  lengthField.writeUInt16LE(length);
  const padded = Buffer.from(`${header.padEnd(length - 1)}\n`, "latin1");
  return Buffer.concat([
    preamble,
    lengthField,
    padded,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  ]);
}
