import { UflowError } from "../error.js";
import { quoted } from "../input/quoted.js";
import { elementCount } from "./placed-tensor.js";

/** A tensor in memory, row-major: float32, or int64 where a checkpoint wants whole numbers. */
export interface Tensor {
  shape: readonly number[];
  data: Float32Array | BigInt64Array;
}

/** @throws UflowError ERR_UFLOW_BAD_TENSOR when the numbers do not fill the shape. */
export function checkTensor(name: string, { shape, data }: Tensor): void {
  if (elementCount(shape) === data.length) return;
  throw new UflowError(
    "ERR_UFLOW_BAD_TENSOR",
    `The tensor ${quoted(name)} has the shape [${shape}], which ${data.length} numbers do not fill`,
  );
}

/** A view of the bytes of a tensor's numbers, little-endian as on every platform that the engine is built for. */
export function numberBytes(data: Tensor["data"]): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
