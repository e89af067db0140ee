import { UflowError } from "../error.js";
import type { Graph, Value } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";

/** What makes the channels of a feature map uncorrelated, and their variances 1: x ↦ matrix·x + offset in every pixel. */
export interface Whitening {
  /** [channels, channels], lower triangular. */
  matrix: Float32Array;
  /** [channels] */
  offset: Float32Array;
}

/** Of the mean variance: what is added to each, so that directions which are hardly there are not blown up. */
const ridge = 1e-3;

/** The identity. */
export function neutralWhitening(channels: number): Whitening {
  const matrix = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++) matrix[i * (channels + 1)] = 1;
  return { matrix, offset: new Float32Array(channels) };
}

/** Appends it to a graph. */
export function whitened(g: Graph, x: Value, { matrix, offset }: Whitening, name: string): Value {
  const channels = offset.length;
  const weight = g.constant(`${name}.matrix`, matrix, [channels, channels, 1, 1]);
  return op.conv(g, x, weight, g.constant(`${name}.offset`, offset, [channels]));
}

/** Mean and covariance of vectors, which are added by and by. */
export class Covariance {
  private count = 0;
  private readonly sums: Float64Array;
  /** Of products; lower triangle of [channels, channels]. */
  private readonly products: Float64Array;

  constructor(private readonly channels: number) {
    this.sums = new Float64Array(channels);
    this.products = new Float64Array(channels * channels);
  }

  /** @param x length: channels; read before it returns. */
  add(x: Float64Array): void {
    const { channels, sums, products } = this;
    this.count += 1;
    for (let i = 0; i < channels; i++) {
      const xi = x[i]!;
      sums[i]! += xi;
      for (let j = 0, at = i * channels; j <= i; j++, at++) products[at]! += xi * x[j]!;
    }
  }

  /**
   * The inverse of the covariance's Cholesky factor: what it makes of the vectors has the identity as covariance, but for `ridge`.
   * @throws UflowError ERR_UFLOW_BAD_TENSOR where the vectors are not finite.
   */
  whitening(): Whitening {
    const { channels } = this;
    const mean = this.sums.map((sum) => sum / this.count);
    const inverse = inverseOfFactor(this.regular(mean), channels);
    const matrix = Float32Array.from(inverse);
    const offset = new Float32Array(channels);
    for (let i = 0; i < channels; i++) {
      let sum = 0;
      for (let j = 0; j <= i; j++) sum += inverse[i * channels + j]! * mean[j]!;
      offset[i] = -sum;
    }
    if (![...matrix, ...offset].every(Number.isFinite)) {
      throw new UflowError("ERR_UFLOW_BAD_TENSOR", "Features cannot be whitened: they are not all finite");
    }
    return { matrix, offset };
  }

  /** The covariance, with something on its diagonal; lower triangle. */
  private regular(mean: Float64Array): Float64Array {
    const { channels, products, count } = this;
    const covariance = products.map((sum, at) => {
      const [i, j] = [Math.floor(at / channels), at % channels];
      return sum / count - mean[i]! * mean[j]!;
    });
    let trace = 0;
    for (let i = 0; i < channels; i++) trace += covariance[i * channels + i]!;
    // Where nothing varies at all, nothing is scaled.
    const added = trace > 0 ? (ridge * trace) / channels : 1;
    for (let i = 0; i < channels; i++) covariance[i * channels + i]! += added;
    return covariance;
  }
}

/** L⁻¹ of a = L·Lᵀ, row by row. @param a lower triangle, positive definite; overwritten by L. */
function inverseOfFactor(a: Float64Array, size: number): Float64Array {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * size + k]! * a[j * size + k]!;
      a[i * size + j] = i === j ? Math.sqrt(sum) : sum / a[j * size + j]!;
    }
  }
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = i === j ? 1 : 0;
      for (let k = j; k < i; k++) sum -= a[i * size + k]! * inverse[k * size + j]!;
      inverse[i * size + j] = sum / a[i * size + i]!;
    }
  }
  return inverse;
}
