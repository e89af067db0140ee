import type { Graph, Value } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { type FlowOutputs, sumPerImage } from "./forward.js";

/**
 * Negative log-likelihood per image without its constant, [batch, 1, 1, 1]: Σ over scales of ½ Σ z² − log|det J|.
 * docs/maths.md, "Training".
 */
export function negativeLogLikelihood(g: Graph, { latents, logDeterminant }: FlowOutputs): Value {
  const energies = latents.map((z) => sumPerImage(g, op.mul(g, z, z)));
  const total = energies.reduce((a, b) => op.add(g, a, b));
  return op.sub(g, op.scale(g, total, 0.5), logDeterminant);
}

/** Sum of the losses of a batch, a scalar; training minimises it divided by the number of images. */
export function lossOfBatch(g: Graph, perImage: Value): Value {
  return op.sum(g, perImage, [0, 1, 2, 3], false);
}
