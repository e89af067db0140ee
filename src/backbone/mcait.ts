/**
 * MS-CaiT, the multi-scale transformer of the paper: CaiT-M48 on the image (stride 16) and CaiT-S24 on the image at half
 * its size (stride 32).
 */
import { readdir } from "node:fs/promises";
import { ExternalDataFile } from "../onnx/external-data.js";
import { Graph } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { serialize } from "../onnx/serialize.js";
import { type Cait, cait, caitWeights, type PlaceWeights } from "./cait.js";
import { featureName, imageName } from "./features.js";
import { filed, hasWeightsFile } from "./network-cache.js";
import { checkWeights, type ReadWeights, type WantedWeights, type Weights } from "./weights.js";

/** Transformers on one image, finest first; each sees it as large as its own `inputSize`. */
export interface MultiScaleCait {
  readonly name: string;
  readonly scales: readonly Cait[];
}

export const mcait: MultiScaleCait = {
  name: "mcait",
  scales: [
    { name: "cait_m48_448", inputSize: 448, patchSize: 16, channels: 768, heads: 16, blocks: 41 },
    { name: "cait_s24_224", inputSize: 224, patchSize: 16, channels: 384, heads: 8, blocks: 21 },
  ],
};

/** Must be raised with every change that makes another weights file of the same weights, so that kept ones are made again. */
export const mcaitFileVersion = 1;

/** Smaller constants stay in the model: the file's alignment would waste more than they hold. */
const smallestExternal = 65536;

/** The weights of each transformer, behind its name and a dot. */
export function mcaitWeights({ name, scales }: MultiScaleCait): WantedWeights {
  const parts = scales.map((scale) => ({ prefix: `${scale.name}.`, ...caitWeights(scale) }));
  const shapes = parts.flatMap((part) =>
    [...part.shapes].map(([key, shape]) => [part.prefix + key, shape] as const),
  );
  const unused = (key: string) =>
    parts.some((part) => key.startsWith(part.prefix) && part.unused(key.slice(part.prefix.length)));
  return { network: name, shapes: new Map(shapes), unused };
}

/**
 * The network as the bytes of an ONNX model: `image` [batch, 3, side, side] in, `feature_0` … out. Its weights, one tensor
 * in memory at a time, go to a file of their own in `folder`, which the model names; a session finds it by `weightsFolder`.
 * Where there are such files, it is first seen whether one of them is the same, which saves writing it again: models of one
 * backbone share it.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS, ERR_UFLOW_OUTPUT; no file is then left.
 */
export async function mcaitNetwork(
  architecture: MultiScaleCait,
  weights: Weights,
  folder: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const read = checkWeights(weights, mcaitWeights(architecture));
  const isWeights = (entry: string) =>
    entry.startsWith(`${architecture.name}-`) && entry.endsWith(".weights");
  if ((await readdir(folder).catch(() => [])).some(isWeights)) {
    const network = await written(architecture, read, ExternalDataFile.named());
    if (await hasWeightsFile(filed(folder, network))) return network;
  }
  return await written(architecture, read, await ExternalDataFile.start(folder));
}

async function written(
  architecture: MultiScaleCait,
  read: ReadWeights,
  file: ExternalDataFile,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const g = new Graph();
    const place: PlaceWeights = async (name, data, shape) =>
      data.byteLength < smallestExternal
        ? g.constant(name, data, shape)
        : g.external(name, await file.append(data), shape);
    const side = architecture.scales[0]!.inputSize;
    const image = g.input(imageName, ["batch", 3, side, side]);
    for (const [scale, one] of architecture.scales.entries()) {
      const seen = one.inputSize === side ? image : op.resizeCubic(g, image, one.inputSize / side);
      const source = { read: (name: string) => read(`${one.name}.${name}`), place };
      g.output(featureName(scale), await cait(g, seen, one, source));
    }
    return serialize(g, await file.finish(architecture.name));
  } finally {
    await file.discard();
  }
}
