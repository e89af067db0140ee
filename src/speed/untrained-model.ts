import { join } from "node:path";
import { type Backbone, featureScales } from "../backbone/index.js";
import { backboneFrom, findBackbone, networkFrom, openBackboneStore } from "../backbone/stored.js";
import { describeModel } from "../bundle/describe.js";
import { writeModel } from "../bundle/write.js";
import { energyNetwork } from "../flow/energy-network.js";
import { initialParameters } from "../flow/parameters.js";

export interface UntrainedModel {
  /** Default: the backbone's. */
  inputSize?: number;
  /** Default 4. */
  flowSteps?: number;
}

/**
 * A model of the embedded backbone with a flow as it is before training: of the same cost as a trained one.
 * @returns its path
 */
export async function writeUntrainedModel(folder: string, model: UntrainedModel = {}): Promise<string> {
  const source = await findBackbone("mobile", openBackboneStore());
  const backbone = backboneFrom(source);
  const { inputSize = backbone.defaultInputSize } = model;
  const { network } = await networkFrom(source, inputSize);
  return await writeUntrained(folder, backbone, network, { ...model, inputSize });
}

/** The same of any backbone and its network. */
export async function writeUntrained(
  folder: string,
  backbone: Backbone,
  network: Uint8Array,
  { inputSize = backbone.defaultInputSize, flowSteps = 4 }: UntrainedModel,
): Promise<string> {
  const { normalization } = backbone;
  const architecture = { scales: featureScales(backbone, inputSize), flowSteps, normalization };
  const path = join(folder, "untrained.uflow");
  await writeModel(path, {
    manifest: describeModel(backbone, network, inputSize, architecture),
    backbone: network,
    flow: energyNetwork(architecture, initialParameters(architecture, 0)),
  });
  return path;
}
