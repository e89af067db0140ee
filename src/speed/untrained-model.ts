import { join } from "node:path";
import { featureScales } from "../backbone/index.js";
import { backboneFrom, findBackbone, networkFrom, openBackboneStore } from "../backbone/stored.js";
import { describeModel } from "../bundle/describe.js";
import { writeModel } from "../bundle/write.js";
import { energyNetwork } from "../flow/energy-network.js";
import { initialParameters } from "../flow/parameters.js";

/** A model of the embedded backbone with a flow as it is before training: of the same cost as a trained one. */
export async function writeUntrainedModel(
  folder: string,
  { inputSize: wanted, flowSteps = 4 }: { inputSize?: number; flowSteps?: number } = {},
): Promise<string> {
  const source = await findBackbone("mobile", openBackboneStore());
  const backbone = backboneFrom(source);
  const { normalization } = backbone;
  const inputSize = wanted ?? backbone.defaultInputSize;
  const { network } = await networkFrom(source, inputSize);
  const architecture = { scales: featureScales(backbone, inputSize), flowSteps, normalization };
  const path = join(folder, "untrained.uflow");
  await writeModel(path, {
    manifest: describeModel(backbone, network, inputSize, architecture),
    backbone: network,
    flow: energyNetwork(architecture, initialParameters(architecture, 0)),
  });
  return path;
}
