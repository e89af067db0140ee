import { join } from "node:path";
import { z } from "zod";
import { type BuildOptions, buildShape } from "../backbone/building.js";
import { ensureNetwork } from "../backbone/ensure-network.js";
import { backboneOf, type Weights } from "../backbone/index.js";
import { type BackboneSource, networkFrom, openBackboneStore } from "../backbone/stored.js";
import { withWeights } from "../backbone/weight-files.js";
import type { Manifest } from "../bundle/manifest.js";
import { backboneEntry, flowEntry, parametersEntry, sha256 } from "../bundle/model.js";
import { readFlowParameters, readModel } from "../bundle/read.js";
import { UflowError } from "../error.js";
import type { FlowArchitecture } from "../flow/architecture.js";
import { type FlowParameters, parameterCount, parameterSlots } from "../flow/parameters.js";
import { parseOptions } from "../options.js";
import { checkWritable, writeFileAtomic } from "../output/atomic-file.js";
import type { Tensor } from "../weights/tensor.js";
import { writeTorch } from "../weights/torch/write.js";
import { flowToState } from "./flow-state.js";
import { backboneKey, hasReference, keepsWholeNetwork, type ReferenceBackbone } from "./layout.js";

export const exportFormats = ["torch", "onnx"] as const;

/** Options of `exportModel()`; all that are wrong are named at once. */
export interface ExportOptions extends Pick<BuildOptions, "onNetwork"> {
  /** Path of a `.uflow` file. */
  model: string;
  /** `torch`: path of the checkpoint to write. `onnx`: the folder for `backbone.onnx` and `flow.onnx`. */
  output: string;
  /** A checkpoint for the Python reference (default), or the networks as they are. */
  format?: (typeof exportFormats)[number];
  /** Leaves the backbone out. Default false: a checkpoint then takes the original weights from the weights store. */
  withoutBackbone?: boolean;
}

const schema = z.strictObject({
  model: z.string().min(1),
  output: z.string().min(1),
  format: z.enum(exportFormats).default("torch"),
  withoutBackbone: z.boolean().default(false),
  onNetwork: buildShape.onNetwork,
});

type CheckedExportOptions = z.infer<typeof schema>;

/**
 * Writes a model for other programs. docs/moving-from-python.md. A checkpoint is made in memory, with all weights of the
 * backbone (1.7 GB for `mcait`).
 * @returns the paths of the files written.
 * @throws UflowError ERR_UFLOW_BAD_OPTION when the reference has no such backbone, ERR_UFLOW_BAD_MODEL,
 * ERR_UFLOW_BAD_WEIGHTS when the store does not have the weights that the model was made with, ERR_UFLOW_OUTPUT.
 */
export async function exportModel(options: ExportOptions): Promise<string[]> {
  const checked = parseOptions("export", schema, options);
  return await (checked.format === "onnx" ? exportNetworks(checked) : exportCheckpoint(checked));
}

async function exportNetworks({ model, output, withoutBackbone }: CheckedExportOptions): Promise<string[]> {
  const { backbone, flow } = await readModel(model);
  const networks = [
    { path: join(output, flowEntry), bytes: flow },
    ...(withoutBackbone ? [] : [{ path: join(output, backboneEntry), bytes: backbone }]),
  ];
  for (const { path, bytes } of networks) await writeFileAtomic(path, bytes);
  return networks.map(({ path }) => path);
}

async function exportCheckpoint({
  model,
  output,
  withoutBackbone,
  onNetwork,
}: CheckedExportOptions): Promise<string[]> {
  await checkWritable(output);
  const { manifest, parameters } = await readFlowParameters(model);
  if (!parameters) {
    throw new UflowError(
      "ERR_UFLOW_BAD_MODEL",
      `Cannot export ${model}: it has no ${parametersEntry}, which files of the first engines lack. Train or import it again`,
    );
  }
  const write = async (flow: Flow, backbone: ReadonlyMap<string, Tensor>) => {
    const tensors = [...backbone, ...flowToState(flow.architecture, flow.parameters)];
    const state = new Map(tensors.map(([key, tensor]) => [`model.${key}`, tensor]));
    await writeTorch(output, { state_dict: state, uflow: summary(manifest, flow) });
    return [output];
  };
  if (withoutBackbone) return await write({ architecture: manifest, parameters }, new Map());
  const name = referenceOf(manifest);
  const flow = withReferenceNorms(name, manifest, parameters);
  const store = openBackboneStore();
  const stored = await store.find(name);
  if (!stored) {
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `The original weights of "${name}" are not in the weights store, and the model has them only as a network. Run "uflow backbone pull ${name}" first, or ${alone}`,
    );
  }
  await checkSame(manifest, { name, home: store.home, stored }, { onNetwork });
  return await withWeights(backboneOf(name), stored, async (weights) =>
    write(flow, await backboneState(name, weights)),
  );
}

interface Flow {
  architecture: FlowArchitecture;
  parameters: FlowParameters;
}

const alone = "export the flow alone, with --without-backbone";

/** What a Python script needs to know to build the model. */
const summary = ({ engine, backbone, inputSize }: Manifest, { architecture }: Flow) => ({
  engine,
  backbone: backbone.name,
  input_size: inputSize,
  flow_steps: architecture.flowSteps,
  normalization: architecture.normalization,
});

function referenceOf({ backbone: { name } }: Manifest): ReferenceBackbone {
  if (hasReference(name)) return name;
  throw new UflowError("ERR_UFLOW_BAD_OPTION", `The Python reference has no backbone "${name}"; ${alone}`);
}

/**
 * The flow with the normalisation that the reference has in front of it. Standardised features are features with an
 * affine of ones and zeros after it; other differences would make another model.
 */
function withReferenceNorms(
  name: ReferenceBackbone,
  { scales, flowSteps, normalization }: Manifest,
  parameters: FlowParameters,
): Flow {
  const reference = { scales, flowSteps, normalization: backboneOf(name).normalization };
  if (normalization === reference.normalization) return { architecture: reference, parameters };
  if (normalization !== "standard" || reference.normalization !== "layer") {
    throw new UflowError(
      "ERR_UFLOW_BAD_OPTION",
      `The Python reference normalises the features of "${name}" by "${reference.normalization}", the model by "${normalization}"; ${alone}`,
    );
  }
  // The normalisations' slots are the last.
  const slots = parameterSlots(reference);
  const values = new Float32Array(parameterCount(slots));
  values.set(parameters.values);
  for (const slot of slots.slice(parameters.slots.length)) {
    if (slot.name.endsWith(".weight")) values.fill(1, slot.offset, slot.offset + slot.length);
  }
  return { architecture: reference, parameters: { ...parameters, slots, values } };
}

/** Weights under the same name may be others by now: then the checkpoint would be another model. */
async function checkSame(manifest: Manifest, source: BackboneSource, options: BuildOptions): Promise<void> {
  await ensureNetwork(source, manifest.inputSize, options);
  const { network } = await networkFrom(source, manifest.inputSize);
  if (sha256(network) === manifest.backbone.sha256) return;
  throw new UflowError(
    "ERR_UFLOW_BAD_WEIGHTS",
    `The weights of "${source.name}" in the weights store are not those that the model was made with (or uflow ${manifest.engine} made another network of them); ${alone}`,
  );
}

/** The weights as the reference has them: complete for its strict loading, without layers that it has cut off. */
export async function backboneState(name: ReferenceBackbone, weights: Weights): Promise<Map<string, Tensor>> {
  const names = (keepsWholeNetwork(name) ? weights : backboneOf(name).weights!).shapes.keys();
  const state = new Map<string, Tensor>();
  for (const weight of names) {
    const key = backboneKey(name, weight);
    state.set(key, { shape: weights.shapes.get(weight)!, data: await weights.read(weight) });
    if (!key.endsWith(".running_mean")) continue;
    const counter = key.replace(/running_mean$/, "num_batches_tracked");
    state.set(counter, { shape: [], data: BigInt64Array.of(0n) });
  }
  return state;
}
