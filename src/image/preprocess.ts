import { type RawImage, resample } from "../kernels/index.js";

/** What a network wants to be given. */
export interface NetworkInput {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** Per channel, red, green, blue, of values 0 … 1; subtracted. */
  mean: readonly number[];
  /** Per channel; divided by. */
  std: readonly number[];
}

/**
 * A picture as a network wants it: resized to its input as a whole (sides scaled independently), normalised, planar
 * [3, height, width]; grey is repeated. Training and inspection both come through here, so that they cannot differ.
 */
export function preprocess(frame: RawImage, to: NetworkInput): Float32Array {
  return resample(frame, to);
}
