import { basename } from "node:path";
import { z } from "zod";
import { type BuildOptions, buildShape, toldOf } from "../backbone/building.js";
import { type Backbone, backboneOf, featureScales, type Weights, weightsUnder } from "../backbone/index.js";
import { networksFolder, openBackboneStore } from "../backbone/stored.js";
import { weightsIn } from "../backbone/weight-files.js";
import { describeModel } from "../bundle/describe.js";
import type { BackboneWeights, Manifest } from "../bundle/manifest.js";
import { writeModel } from "../bundle/write.js";
import { UflowError } from "../error.js";
import { energyNetwork } from "../flow/energy-network.js";
import { quoted } from "../input/quoted.js";
import { externalFiles } from "../onnx/external-data.js";
import { parseOptions } from "../options.js";
import { checkWritable } from "../output/atomic-file.js";
import { sha256Of } from "../weights/store/blobs.js";
import { openWeights, type WeightFile } from "../weights/weight-file.js";
import { flowFromState } from "./flow-state.js";
import {
  backboneWeights,
  featureNormKey,
  flowStepsOf,
  modulePrefix,
  type ReferenceBackbone,
  referenceBackbones,
} from "./layout.js";

/** Options of `importReference()`; all that are wrong are named at once. */
export interface ImportReferenceOptions extends Pick<BuildOptions, "onNetwork"> {
  /** A checkpoint of the Python reference (`.ckpt`, `.pth`), or its state dict as safetensors. */
  checkpoint: string;
  /** The backbone that it was trained on. Its weights are taken from the checkpoint. */
  backbone: ReferenceBackbone;
  /** Path of the `.uflow` file to write. A file that is there is replaced only by a complete new one. */
  output: string;
  /** Side of the input, pixels, if it is to be checked. Default: what the checkpoint says. */
  inputSize?: number;
  /** Folder for the weights of `mcait`, which are too large for the model file. Default: `networks` in the weights store. */
  weightsFolder?: string;
  /** Stops between two tensors; nothing is written then. */
  signal?: AbortSignal;
}

const schema = z.strictObject({
  checkpoint: z.string().min(1),
  backbone: z.enum(referenceBackbones),
  output: z.string().min(1),
  inputSize: z.int().positive().optional(),
  weightsFolder: z.string().min(1).optional(),
  ...buildShape,
});

/** The manifest's sizes end there. */
const largestInput = 16384;

/**
 * Makes a `.uflow` file of a model that was trained with the Python reference. docs/moving-from-python.md. Reads the
 * checkpoint one tensor at a time; needs the memory of the flow, and of a ResNet, a few times (0.7 GB for `mcait`).
 * @returns the manifest of the file written.
 * @throws UflowError ERR_UFLOW_BAD_OPTION; ERR_UFLOW_BAD_WEIGHTS when the checkpoint cannot be read, is of another
 * backbone, or has tensors that are missing, unknown, misshapen or not finite, by name; ERR_UFLOW_OUTPUT; ERR_UFLOW_ABORTED.
 */
export async function importReference(options: ImportReferenceOptions): Promise<Manifest> {
  const { checkpoint, output, ...rest } = parseOptions("import", schema, options);
  const backbone = backboneOf(rest.backbone);
  const folder = rest.weightsFolder ?? networksFolder(openBackboneStore().home);
  await checkWritable(output);
  const file = await openWeights(checkpoint);
  try {
    const state = stateOf(file, rest.signal);
    checkBackbone(backbone, state);
    const inputSize = inputSizeOf(backbone, state, rest.inputSize);
    const scales = featureScales(backbone, inputSize);
    const flowSteps = countSteps(state, scales.length);
    const architecture = { scales, flowSteps, normalization: backbone.normalization };
    const parameters = await flowFromState(state, architecture);
    const all = backboneWeights(rest.backbone, state);
    const network = await toldOf(backbone, all, rest, (weights) =>
      backbone.network(inputSize, weights, folder),
    );
    const imported = { file: basename(checkpoint), sha256: await sha256Of(checkpoint) };
    const weights = weightsRecord(network, imported.sha256);
    const manifest = { ...describeModel(backbone, network, inputSize, architecture, weights), imported };
    const flow = energyNetwork(architecture, parameters);
    return await writeModel(output, { manifest, backbone: network, flow, parameters });
  } finally {
    await file.close();
  }
}

/** Where the network's weights stand, when not in it: in a file that is made of the checkpoint. */
function weightsRecord(network: Uint8Array, checkpoint: string): BackboneWeights | undefined {
  const [external] = externalFiles(network);
  return external && { file: external[0], bytes: external[1], sources: [checkpoint] };
}

/** A file's tensors, without the `model.` that a whole checkpoint has before the model's. */
function stateOf(file: WeightFile, signal: AbortSignal | undefined): Weights {
  const { shapes, read } = weightsIn(file);
  const readUnlessStopped = async (name: string) => {
    if (signal?.aborted) throw new UflowError("ERR_UFLOW_ABORTED", "The import was cancelled");
    return await read(name);
  };
  const all = { shapes, read: readUnlessStopped };
  for (const prefix of ["model.", ""]) {
    if ([...all.shapes.keys()].some((key) => key.startsWith(prefix + modulePrefix))) {
      return weightsUnder(prefix, all);
    }
  }
  const names = [...all.shapes.keys()].slice(0, 3).map(quoted).join(", ");
  throw bad(`it has no flow: no key begins with "model.${modulePrefix}"; the first are ${names}`);
}

/** The flow begins with the channels of the coarsest feature map, which no two backbones have in common. */
function checkBackbone({ name, channels }: Backbone, state: Weights): void {
  const found = state.shapes.get(`${modulePrefix}0.global_scale`)?.[1];
  if (found === undefined || found === channels.at(-1)) return;
  const other = referenceBackbones.find((candidate) => backboneOf(candidate).channels.at(-1) === found);
  throw bad(
    `its flow begins with ${found} channels, where "${name}" has ${channels.at(-1)}: ${
      other ? `it looks like one on "${other}"` : "no backbone that is known has as many"
    }`,
  );
}

/** The side for which the model was trained: the normalisation of the finest feature map has its size. */
function inputSizeOf(backbone: Backbone, state: Weights, wanted: number | undefined): number {
  const found = backbone.fixedInputSize ?? inputSizeOfNormalization(backbone, state);
  if (wanted === undefined || wanted === found) return found;
  throw new UflowError(
    "ERR_UFLOW_BAD_OPTION",
    `Expected inputSize to be ${found}, for which the checkpoint was trained, or to be left out, but received ${wanted}`,
  );
}

function inputSizeOfNormalization({ strides }: Backbone, state: Weights): number {
  const key = featureNormKey(0, "weight");
  const shape = state.shapes.get(key);
  if (!shape) throw bad(`it has no ${key}, which says how large its input is`);
  const [, height = 0, width = 0] = shape;
  const coarsest = Math.max(...strides);
  const inputSize = height * strides[0]!;
  const fits = height === width && inputSize % coarsest === 0 && inputSize >= 2 * coarsest;
  if (shape.length === 3 && fits && inputSize <= largestInput) return inputSize;
  throw bad(
    `${key} is [${shape}], which is no feature map at stride ${strides[0]} of a square image of ${2 * coarsest}, ${3 * coarsest}, … ${largestInput} pixels`,
  );
}

function countSteps({ shapes }: Weights, scales: number): number {
  let last = 0;
  for (const key of shapes.keys())
    last = Math.max(last, Number(/^flow\.module_list\.(\d+)\./.exec(key)?.[1] ?? 0));
  const steps = flowStepsOf(last, scales);
  // There are several keys per step; more steps than keys would only fill the memory.
  if (Number.isInteger(steps) && steps >= 1 && steps * scales <= shapes.size) return steps;
  throw bad(
    `its flow has modules up to number ${last}, which is no whole number of flow steps on ${scales} scales`,
  );
}

function bad(problem: string): UflowError {
  return new UflowError("ERR_UFLOW_BAD_WEIGHTS", `The checkpoint cannot be imported: ${problem}`);
}
