import type { Graph, Value } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";

/** The weights of one talking-heads attention; N tokens, C channels, H heads of C/H channels. */
export interface TalkingHeads {
  /** [C, C] and [C]; those of the queries are already divided by √(C/H). */
  queries: Linear;
  keys: Linear;
  values: Linear;
  /** Mixes the heads before the softmax, [H, H]. Its bias, one number for a whole map, would change no softmax. */
  beforeSoftmax: Value;
  /** Mixes them after the softmax: weight [H, H], bias [H, 1, 1]. */
  afterSoftmax: Linear;
  /** [C, C] and [C]. */
  projection: Linear;
}

export interface Linear {
  weight: Value;
  bias: Value;
}

/**
 * Talking-heads attention (N. Shazeer et al., 2020, arXiv 2003.02436) on the rows [batch · N, C] of normalised tokens.
 * Mixing the heads is one matrix product over maps laid out as [heads, N²]; docs/performance.md has what other layouts cost.
 */
export function talkingHeads(
  g: Graph,
  x: Value,
  { heads, tokens, channels }: { heads: number; tokens: number; channels: number },
  weights: TalkingHeads,
): Value {
  const perHead = (linear: Linear, permutation: readonly number[]) => {
    const y = op.linear(g, x, linear.weight, linear.bias);
    return op.transpose(g, op.reshape(g, y, ["batch", tokens, heads, channels / heads]), permutation);
  };
  const mixed = (maps: Value, weight: Value) => {
    const flat = op.reshape(g, maps, ["batch", heads, tokens * tokens]);
    return op.reshape(g, op.matmul(g, weight, flat), ["batch", heads, tokens, tokens]);
  };
  const q = perHead(weights.queries, [0, 2, 1, 3]);
  const k = perHead(weights.keys, [0, 2, 3, 1]);
  const v = perHead(weights.values, [0, 2, 1, 3]);
  const attention = op.softmax(g, mixed(op.matmul(g, q, k), weights.beforeSoftmax));
  const attended = op.matmul(g, mixed(attention, weights.afterSoftmax.weight), v);
  // A bias adds the same number to a whole map, which then adds that many times the sum of all values.
  const constant = op.mul(g, op.sum(g, v, [2]), weights.afterSoftmax.bias);
  const y = op.transpose(g, op.add(g, attended, constant), [0, 2, 1, 3]);
  const rows = op.reshape(g, y, [x.shape[0]!, channels]);
  return op.linear(g, rows, weights.projection.weight, weights.projection.bias);
}
