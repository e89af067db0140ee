import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Backbone, featureScales } from "../backbone/index.js";
import { backboneFrom, findBackbone, networkFrom, openBackboneStore } from "../backbone/stored.js";
import { describeModel } from "../bundle/describe.js";
import { writeModel } from "../bundle/write.js";
import { recalibrate } from "../calibrate/index.js";
import { energyNetwork } from "../flow/energy-network.js";
import { initialParameters } from "../flow/parameters.js";
import { writeLine } from "../sample/index.js";

export interface UntrainedModel {
  /** Default: the backbone's. */
  inputSize?: number;
  /** Default 4. */
  flowSteps?: number;
}

/** Side of the generated parts for a model of this input size, pixels: twice as large, as far as they are made. */
export function partSide(inputSize: number): number {
  return Math.min(1024, Math.max(64, 2 * inputSize));
}

/**
 * A model of the embedded backbone with a flow as it is before training, calibrated on generated parts: it costs what a
 * trained one does, and finds generated parts good.
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
  await calibrate(path, partSide(inputSize));
  return path;
}

/** Other parts than those that are streamed (`generatedFrames`). */
const calibrated = { train: 8, good: 0, perDefect: 0, seed: 1 };

async function calibrate(model: string, side: number): Promise<void> {
  const folder = await mkdtemp(`${model}-parts-`);
  try {
    const line = await writeLine(folder, "plate", { ...calibrated, side });
    await recalibrate({ model, good: join(line.folder, "train", "good"), output: model, device: "cpu" });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
