import type { FlowArchitecture } from "../flow/architecture.js";
import { featureInputs } from "../flow/energy-network.js";
import { flowForward } from "../flow/forward.js";
import { meanLoss, negativeLogLikelihood } from "../flow/loss.js";
import { type FlowParameters, parameterCount } from "../flow/parameters.js";
import { gradients } from "../onnx/gradient.js";
import { elementCount, Graph, type Value } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { serialize } from "../onnx/serialize.js";

/** What says where in the flat vector each parameter stands. */
export type FlowLayout = Pick<FlowParameters, "slots" | "permutations">;

/** Adam's decay rates and the term that keeps its denominator from zero. */
export const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/**
 * One step of training as the bytes of an ONNX model: forward, loss, gradient and Adam (L2 coupled).
 *
 * Inputs: feature_0 …; `values`, `firstMoment`, `secondMoment` (flat, one number per parameter); `stepSize` = rate/(1 − β₁ᵗ)
 * and `inverseCorrection` = 1/√(1 − β₂ᵗ) at step t (scalars). Outputs: `loss` and `gradientNorm` (Euclidean, without weight decay) before the step,
 * the three flat vectors after it and, if wanted, the flat `gradient` (without weight decay).
 *
 * @param options `clipNorm`: a longer gradient is shortened to this norm before weight decay is added. No training does so
 * (docs/results.md, "Why no gradient clipping"); it is there to be measured.
 */
export function stepNetwork(
  architecture: FlowArchitecture,
  parameters: FlowLayout,
  options: { batchSize: number; weightDecay: number; clipNorm?: number | undefined; withGradient?: boolean },
): Uint8Array<ArrayBuffer> {
  const g = new Graph();
  const features = featureInputs(g, architecture, options.batchSize);
  const values = g.input("values", [parameterCount(parameters.slots)]);
  const pieces = cut(g, values, parameters.slots);
  const outputs = flowForward(g, architecture, {
    features,
    parameter: (name) => pieces.get(name)!,
    permutations: parameters.permutations,
  });
  const loss = meanLoss(g, negativeLogLikelihood(g, outputs), options.batchSize);
  const perPiece = gradients(g, loss, [...pieces.values()]);
  const flat = perPiece.map((gradient) => op.reshape(g, gradient, [elementCount(gradient.shape)]));
  const gradient = op.concat(g, flat, 0);
  g.output("loss", loss);
  if (options.withGradient) g.output("gradient", gradient);
  const norm = op.sqrt(g, op.sum(g, op.mul(g, gradient, gradient), [0], false));
  g.output("gradientNorm", norm);
  const { clipNorm, weightDecay } = options;
  adamStep(g, values, clipNorm ? shortened(g, gradient, norm, clipNorm) : gradient, weightDecay);
  return serialize(g);
}

/** To at most the longest norm; what is shorter stays as it is. */
function shortened(g: Graph, gradient: Value, norm: Value, longest: number): Value {
  const atLeast = op.clip(g, norm, longest, 3e38);
  return op.mul(g, gradient, op.div(g, g.scalar(longest), atLeast));
}

/** The flat vector cut into parameters of their shapes, by name. */
export function cut(g: Graph, values: Value, slots: FlowParameters["slots"]): Map<string, Value> {
  const lengths = slots.map((slot) => slot.length);
  const parts = op.split(g, values, 0, lengths);
  return new Map(slots.map((slot, i) => [slot.name, op.reshape(g, parts[i]!, slot.shape)]));
}

/** Adam on flat vectors: a product with a scalar is ten times slower on the parameters' own shapes. */
function adamStep(g: Graph, values: Value, gradient: Value, weightDecay: number): void {
  const firstBefore = g.input("firstMoment", values.shape);
  const secondBefore = g.input("secondMoment", values.shape);
  const stepSize = g.input("stepSize", []);
  const inverseCorrection = g.input("inverseCorrection", []);
  const decayed = op.add(g, gradient, op.scale(g, values, weightDecay));
  const first = blend(g, firstBefore, decayed, adam.beta1);
  const second = blend(g, secondBefore, op.mul(g, decayed, decayed), adam.beta2);
  const deviation = op.mul(g, op.sqrt(g, second), inverseCorrection);
  const denominator = op.add(g, deviation, g.scalar(adam.epsilon));
  const change = op.mul(g, op.div(g, first, denominator), stepSize);
  g.output("valuesAfter", op.sub(g, values, change));
  g.output("firstMomentAfter", first);
  g.output("secondMomentAfter", second);
}

function blend(g: Graph, before: Value, now: Value, beta: number): Value {
  return op.add(g, op.scale(g, before, beta), op.scale(g, now, 1 - beta));
}
