import { type Backbone, featureScales } from "../backbone/index.js";
import { type FlowArchitecture, latentScales } from "../flow/architecture.js";
import { engineVersion } from "../version.js";
import { type BackboneWeights, formatVersion } from "./manifest.js";
import { sha256 } from "./model.js";
import type { Unsealed } from "./write.js";

/**
 * The manifest of a model, but for where it comes from (`training` or `imported`).
 * @param weights what is needed to make the backbone's file of weights again, where it has one
 */
export function describeModel(
  backbone: Backbone,
  network: Uint8Array,
  inputSize: number,
  { flowSteps, normalization }: Omit<FlowArchitecture, "scales">,
  weights?: BackboneWeights,
): Unsealed {
  const scales = featureScales(backbone, inputSize);
  return {
    format: "uflow",
    formatVersion,
    engine: engineVersion,
    backbone: { name: backbone.name, sha256: sha256(network), ...(weights && { weights }) },
    inputSize,
    mapSize: inputSize,
    scales,
    strides: [...backbone.strides],
    latents: latentScales({ scales, flowSteps, normalization }),
    flowSteps,
    normalization,
    preprocessing: backbone.preprocessing,
    metrics: {},
  };
}
