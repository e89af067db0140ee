import * as ort from "onnxruntime-node";
import { Random } from "../../dist/random.js";

/** Normally distributed, always the same. */
export function tensor(dims) {
  const random = new Random(1);
  const length = dims.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length }, () => random.normal());
  return new ort.Tensor("float32", data, dims);
}
