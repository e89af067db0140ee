import type { FlowArchitecture } from "../flow/architecture.js";
import { energyName, featureInputs } from "../flow/energy-network.js";
import { flowForward } from "../flow/forward.js";
import { negativeLogLikelihood } from "../flow/loss.js";
import { Graph } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { serialize } from "../onnx/serialize.js";
import { type FlowLayout, parameterInputs } from "./gradient-network.js";

/**
 * What is asked of images that are not learned from, as the bytes of an ONNX model: feature_0 … [batch, channels, height,
 * width] and the parameters by their names in; `loss`, the negative log-likelihood of each image [batch, 1, 1, 1], and
 * energy_0 …, Σ z² per pixel [batch, 1, height, width], out. One session serves a whole training.
 */
export function evaluationNetwork(
  architecture: FlowArchitecture,
  { slots, permutations, whitenings }: FlowLayout,
): Uint8Array<ArrayBuffer> {
  const g = new Graph();
  const features = featureInputs(g, architecture, "batch");
  const parameters = parameterInputs(g, slots);
  const outputs = flowForward(g, architecture, {
    features,
    parameter: (name) => parameters.get(name)!,
    permutations,
    whitenings,
  });
  g.output("loss", negativeLogLikelihood(g, outputs));
  outputs.latents.forEach((z, scale) => {
    g.output(energyName(scale), op.sumOfChannels(g, op.mul(g, z, z)));
  });
  return serialize(g);
}
