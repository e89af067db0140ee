import type { NpyMap } from "../output/npy.js";

const preamble = "\x93NUMPY\x01\x00";
const dictionary =
  /^\{'descr': '(<f4|\|u1)', 'fortran_order': False, 'shape': \((\d{1,5}), (\d{1,5})\), \} *\n$/;

/**
 * Reads a NumPy file as `encodeNpy` writes it: version 1.0, little-endian float32 or uint8, C order, shape (height,
 * width). The map owns its memory.
 * @param bad makes the error that is thrown for any other bytes, too few or too many among them
 */
export function decodeNpy(bytes: Uint8Array, bad: (reason: string) => Error): NpyMap {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 10) throw bad(`it has ${file.length} bytes, too few for a NumPy file`);
  if (file.toString("latin1", 0, 8) !== preamble) throw bad("it is no NumPy file of version 1.0");
  const start = 10 + file.readUInt16LE(8);
  const [, type, height, width] = dictionary.exec(file.toString("latin1", 10, start)) ?? [];
  if (type === undefined) throw bad("its header is not that of a map of float32 or uint8; is it cut off?");
  const size = { width: Number(width), height: Number(height) };
  const wanted = size.width * size.height * (type === "<f4" ? 4 : 1);
  // A copy also where the bytes are a Buffer, whose slice() is none: floats must begin at a multiple of four.
  const data = new Uint8Array(bytes.subarray(start));
  if (data.length !== wanted) throw bad(`it has ${data.length} bytes of data, and its header says ${wanted}`);
  return { ...size, data: type === "<f4" ? new Float32Array(data.buffer) : data };
}
