import type { BuildOptions } from "../backbone/building.js";
import type { Model } from "../bundle/model.js";

/**
 * Sees to it that the weights file of a model's backbone, where it has one, is on this machine: where it is missing, it is
 * made again of the weights in the store (half a minute): in a thread of its own where `options` are given, else here. A model
 * that is self-contained is left as it is.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when the store has none or others, or the model was imported, saying what to do; ERR_UFLOW_BAD_MODEL
 * when `backbone.onnx` names another file than the manifest.
 */
export async function withWeightsFolder(model: Model, options?: BuildOptions): Promise<Model> {
  const { weights } = model.manifest.backbone;
  if (!weights) return model;
  // It loads the store, all backbones and all readers of weights: most lanes start without.
  const { ensureWeightsFile } = await import("./weights-file.js");
  return { ...model, weightsFolder: await ensureWeightsFile(model, weights, options) };
}
