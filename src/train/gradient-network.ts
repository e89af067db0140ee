import { featureName } from "../backbone/features.js";
import type { FlowArchitecture } from "../flow/architecture.js";
import { featureInputs } from "../flow/energy-network.js";
import { type FeatureNoise, flowForward } from "../flow/forward.js";
import { lossOfBatch, negativeLogLikelihood } from "../flow/loss.js";
import type { FlowParameters } from "../flow/parameters.js";
import { gradients } from "../onnx/gradient.js";
import { Graph, type Value } from "../onnx/graph.js";
import { learnedConvolution } from "../onnx/learned-convolution.js";
import * as op from "../onnx/operators.js";
import { serialize } from "../onnx/serialize.js";
import type { Tensor } from "../onnx/session.js";

/** What says where in the flat vector each parameter stands, and what is not learned. */
export type FlowLayout = Pick<FlowParameters, "slots" | "permutations" | "whitenings">;

/** The input that the normalised features of a scale are mixed with. */
export const noiseName = (scale: number) => `noise_${scale}`;

/** The output that is the gradient with respect to a parameter. */
export const gradientName = (parameter: string) => `gradient.${parameter}`;

export interface GradientNetworkOptions {
  /** Whether large convolutions are written as a CPU takes less time for. */
  fewerMultiplications: boolean;
  /** Standard deviation of the noise that the normalised features are mixed with; 0: none. */
  featureNoise: number;
}

/**
 * Loss and gradient as the bytes of an ONNX model.
 *
 * Inputs: feature_0 … [images, channels, height, width], of the same shapes noise_0 … where it is wanted, and the parameters by
 * their names. Outputs: `loss`, the sum of the images' (a scalar), and its gradient with respect to each parameter,
 * `gradient.<name>`.
 */
export function gradientNetwork(
  architecture: FlowArchitecture,
  { slots, permutations, whitenings }: FlowLayout,
  images: number,
  { fewerMultiplications, featureNoise }: GradientNetworkOptions,
): Uint8Array<ArrayBuffer> {
  const g = new Graph();
  const features = featureInputs(g, architecture, images);
  const parameters = parameterInputs(g, slots);
  const parameter = (name: string) => parameters.get(name)!;
  const outputs = flowForward(g, architecture, {
    features,
    parameter,
    permutations,
    whitenings,
    noise: featureNoise > 0 ? noiseInputs(g, features, featureNoise) : undefined,
    convolution: fewerMultiplications ? learnedConvolution : op.conv,
  });
  const loss = lossOfBatch(g, negativeLogLikelihood(g, outputs));
  const slopes = gradients(g, loss, [...parameters.values()]);
  g.output("loss", loss);
  slots.forEach(({ name }, i) => {
    g.output(gradientName(name), slopes[i]!);
  });
  return serialize(g);
}

/** Noise of a deviation, as inputs of the features' shapes. */
function noiseInputs(g: Graph, features: readonly Value[], deviation: number): FeatureNoise {
  return { maps: features.map(({ shape }, scale) => g.input(noiseName(scale), shape)), deviation };
}

/** One input per parameter, by its name. */
export function parameterInputs(g: Graph, slots: FlowLayout["slots"]): Map<string, Value> {
  return new Map(slots.map(({ name, shape }) => [name, g.input(name, shape)]));
}

/** Features and parameters as inputs of a network; `values` is read in place. */
export function feeds(
  features: readonly Tensor[],
  slots: FlowLayout["slots"],
  values: Float32Array,
): Record<string, Tensor> {
  const parameters = slots.map(({ name, shape, offset, length }) => {
    const data = values.subarray(offset, offset + length);
    return [name, { data, dims: shape }] as const;
  });
  const maps = features.map((feature, scale) => [featureName(scale), feature] as const);
  return Object.fromEntries([...maps, ...parameters]);
}
