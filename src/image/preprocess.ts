import { type RawImage, Resampler } from "../kernels/index.js";

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
 * Makes pictures as a network wants them: resized to its input as a whole (sides scaled independently), normalised, planar
 * [3, height, width]; grey is repeated. Training and inspection both come through here, so that they cannot differ.
 */
export class Preprocessor {
  private readonly resampler = new Resampler();

  /** @param into memory for the picture; default: new memory */
  picture(frame: RawImage, to: NetworkInput, into?: Float32Array): Float32Array {
    return this.resampler.resample(frame, { ...to, into });
  }
}
