/**
 * ResNet-18 and Wide-ResNet-50-2 up to layer3 (strides 4, 8, 16). Weights have the names of PyTorch's state_dict.
 * K. He et al., "Deep Residual Learning for Image Recognition", 2016; S. Zagoruyko, N. Komodakis, "Wide Residual
 * Networks", 2016. A bottleneck strides in its 3 × 3 convolution.
 */
import { UflowError } from "../error.js";
import { Graph, type Value } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { serialize } from "../onnx/serialize.js";
import { featureName, imageName } from "./features.js";
import { checkWeights, type ReadWeights, scaleRows, type WantedWeights, type Weights } from "./weights.js";

export interface ResNet {
  readonly name: string;
  /** Kernel sides of the convolutions of one block; the first of side 3 takes the block's stride. */
  readonly kernels: readonly number[];
  /** `width`: channels inside a block; `channels`: those at its end. */
  readonly layers: readonly { blocks: number; width: number; channels: number }[];
}

export const resnet18: ResNet = {
  name: "resnet18",
  kernels: [3, 3],
  layers: [
    { blocks: 2, width: 64, channels: 64 },
    { blocks: 2, width: 128, channels: 128 },
    { blocks: 2, width: 256, channels: 256 },
  ],
};

export const wideResnet50: ResNet = {
  name: "wide_resnet50_2",
  kernels: [1, 3, 1],
  layers: [
    { blocks: 3, width: 128, channels: 256 },
    { blocks: 4, width: 256, channels: 512 },
    { blocks: 6, width: 512, channels: 1024 },
  ],
};

/** A convolution without bias and the batch normalisation after it. */
interface Convolution {
  weight: string;
  norm: string;
  in: number;
  out: number;
  kernel: number;
  stride: number;
}

interface Block {
  convolutions: Convolution[];
  /** Brings the block's input to the shape of its output, where that differs. */
  shortcut: Convolution | undefined;
}

const stemChannels = 64;
const stem: Convolution = { weight: "conv1", norm: "bn1", in: 3, out: stemChannels, kernel: 7, stride: 2 };

/** Added to the variance. */
const epsilon = 1e-5;

/** The weights that a ResNet needs; what comes after layer3 may be there too. */
export function resnetWeights(architecture: ResNet): WantedWeights {
  const blocks = layersOf(architecture).flat();
  const convolutions = [
    stem,
    ...blocks.flatMap(({ convolutions, shortcut }) => [...convolutions, ...(shortcut ? [shortcut] : [])]),
  ];
  const shapes = new Map(convolutions.flatMap((convolution) => [...shapesOf(convolution)]));
  const unused = (name: string) => /^(layer4|fc)\.|\.num_batches_tracked$/.test(name);
  return { network: architecture.name, shapes, unused };
}

/**
 * The network as the bytes of an ONNX model: `image` [batch, 3, size, size] in, `feature_0` … (strides 4, 8, 16) out.
 * Batch normalisations are folded into the convolutions before them.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS.
 */
export async function resnetNetwork(
  architecture: ResNet,
  inputSize: number,
  weights: Weights,
): Promise<Uint8Array<ArrayBuffer>> {
  const read = checkWeights(weights, resnetWeights(architecture));
  const g = new Graph();
  const image = g.input(imageName, ["batch", 3, inputSize, inputSize]);
  const stemmed = op.relu(g, await convolved(g, image, stem, read));
  let x = op.maxPool(g, stemmed, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] });
  for (const [scale, blocks] of layersOf(architecture).entries()) {
    for (const block of blocks) x = await residual(g, x, block, read);
    g.output(featureName(scale), x);
  }
  return serialize(g);
}

/** The blocks of each layer. */
function layersOf({ kernels, layers }: ResNet): Block[][] {
  let channels = stemChannels;
  return layers.map((layer, l) =>
    Array.from({ length: layer.blocks }, (_, b) => {
      const stride = l > 0 && b === 0 ? 2 : 1;
      const block = blockOf(`layer${l + 1}.${b}`, kernels, channels, layer, stride);
      channels = layer.channels;
      return block;
    }),
  );
}

function blockOf(
  name: string,
  kernels: readonly number[],
  channels: number,
  layer: { width: number; channels: number },
  stride: number,
): Block {
  const strided = kernels.indexOf(3);
  const convolutions = kernels.map((kernel, i) => ({
    weight: `${name}.conv${i + 1}`,
    norm: `${name}.bn${i + 1}`,
    in: i === 0 ? channels : layer.width,
    out: i === kernels.length - 1 ? layer.channels : layer.width,
    kernel,
    stride: i === strided ? stride : 1,
  }));
  const [weight, norm] = [`${name}.downsample.0`, `${name}.downsample.1`];
  const projection = { weight, norm, in: channels, out: layer.channels, kernel: 1, stride };
  const same = stride === 1 && channels === layer.channels;
  return { convolutions, shortcut: same ? undefined : projection };
}

function shapesOf({ weight, norm, in: inn, out, kernel }: Convolution): Map<string, number[]> {
  const perChannel = ["weight", "bias", "running_mean", "running_var"].map((part): [string, number[]] => [
    `${norm}.${part}`,
    [out],
  ]);
  return new Map([[`${weight}.weight`, [out, inn, kernel, kernel]], ...perChannel]);
}

async function residual(
  g: Graph,
  x: Value,
  { convolutions, shortcut }: Block,
  read: ReadWeights,
): Promise<Value> {
  let y = x;
  for (const [i, convolution] of convolutions.entries()) {
    y = await convolved(g, i === 0 ? y : op.relu(g, y), convolution, read);
  }
  return op.relu(g, op.add(g, y, shortcut ? await convolved(g, x, shortcut, read) : x));
}

async function convolved(g: Graph, x: Value, convolution: Convolution, read: ReadWeights): Promise<Value> {
  const { out, in: inn, kernel, stride } = convolution;
  const { weight, bias } = await folded(convolution, read);
  const w = g.constant(`${convolution.weight}.weight`, weight, [out, inn, kernel, kernel]);
  const b = g.constant(`${convolution.weight}.bias`, bias, [out]);
  return op.conv(g, x, w, b, { strides: [stride, stride] });
}

/** Batch normalisation γ·(Wx − μ)/√(σ² + ε) + β as a convolution of its own: W·γ/√(σ² + ε) and β − μ·γ/√(σ² + ε). */
async function folded({ weight, norm }: Convolution, read: ReadWeights) {
  const [w, gamma, beta, mean, variance] = [
    await read(`${weight}.weight`),
    await read(`${norm}.weight`),
    await read(`${norm}.bias`),
    await read(`${norm}.running_mean`),
    await read(`${norm}.running_var`),
  ];
  const negative = variance.findIndex((value) => value < 0);
  if (negative >= 0) {
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `${norm}.running_var holds the variance ${variance[negative]} at position ${negative}; the file is damaged`,
    );
  }
  const factor = Float64Array.from(gamma, (value, o) => value / Math.sqrt(variance[o]! + epsilon));
  return {
    weight: scaleRows(w, factor),
    bias: beta.map((value, o) => value - mean[o]! * factor[o]!),
  };
}
