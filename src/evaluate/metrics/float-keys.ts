import { notANumber } from "./maps.js";

/**
 * Keys that order like the numbers and are equal where those are: the bits of a positive float32 do already, those of a
 * negative one do backwards. −0 gets the key of 0.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR for NaN.
 */
export function orderedKeys(values: Float32Array, name: string): Uint32Array {
  const keys = new Uint32Array(values.length);
  const floats = new Float32Array(1);
  const bits = new Int32Array(floats.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) throw notANumber(name);
    floats[0] = value + 0;
    keys[i] = bits[0]! < 0 ? ~bits[0]! : bits[0]! | 0x80000000;
  }
  return keys;
}

/** The float32 of a key. A key that is none's, as the ends of bins may be, gives the infinity that it lies beyond. */
export function scoreOfKey(key: number): number {
  const bits = Uint32Array.of(key >= 0x80000000 ? key & 0x7fffffff : ~key);
  const score = new Float32Array(bits.buffer)[0]!;
  if (!Number.isNaN(score)) return score;
  return key >= 0x80000000 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}
