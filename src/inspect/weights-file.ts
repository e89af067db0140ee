import type { BuildOptions } from "../backbone/building.js";
import { ensureNetwork } from "../backbone/ensure-network.js";
import { hasWeightsFile } from "../backbone/network-cache.js";
import {
  findBackbone,
  networkFrom,
  networksFolder,
  openBackboneStore,
  sourcesOf,
} from "../backbone/stored.js";
import type { BackboneWeights, Manifest } from "../bundle/manifest.js";
import type { Model } from "../bundle/model.js";
import { UflowError } from "../error.js";
import { externalFiles } from "../onnx/external-data.js";
import type { Store } from "../weights/store/index.js";

/**
 * Makes the weights file where it is missing; see `withWeightsFolder`.
 * @returns its folder
 */
export async function ensureWeightsFile(
  { manifest, backbone }: Model,
  weights: BackboneWeights,
  options: BuildOptions | undefined,
): Promise<string> {
  const store = openBackboneStore();
  const named = [...externalFiles(backbone).keys()];
  if (`${named}` !== weights.file) {
    throw new UflowError(
      "ERR_UFLOW_BAD_MODEL",
      `The backbone of the model keeps its weights in "${named}", not in "${weights.file}" as its manifest says: the model file is damaged`,
    );
  }
  const weightsFolder = networksFolder(store.home);
  if (!(await hasWeightsFile({ ...weights, folder: weightsFolder })))
    await rebuild(manifest, weights, store, options);
  return weightsFolder;
}

async function rebuild(
  { backbone: { name }, inputSize, imported }: Manifest,
  weights: BackboneWeights,
  store: Store,
  options: BuildOptions | undefined,
): Promise<void> {
  if (imported) {
    throw otherWeights(
      name,
      `it comes from the checkpoint ${imported.file}. Run "uflow import" with that on this machine, too`,
    );
  }
  const source = await findBackbone(name, store);
  const sources = source.stored ? sourcesOf(source.stored) : [];
  if (`${sources}` !== `${weights.sources}`) {
    throw otherWeights(
      name,
      `it was trained with files of the SHA-256 ${weights.sources.join(", ")}; in the store are ${sources.join(", ") || "none"}. Pull or import those`,
    );
  }
  if (options) await ensureNetwork(source, inputSize, options);
  const { file } = await networkFrom(source, inputSize);
  if (file === weights.file) return;
  throw otherWeights(name, `this version of uflow makes another network ("${file}") of them. Train it again`);
}

function otherWeights(name: string, problem: string): UflowError {
  return new UflowError(
    "ERR_UFLOW_BAD_WEIGHTS",
    `The model needs the weights file of the backbone "${name}", which cannot be made: ${problem}`,
  );
}
