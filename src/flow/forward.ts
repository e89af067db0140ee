/**
 * The forward graph of the U-shaped flow (paper section 3; docs/maths.md, "The flow"): feature maps in, latents and
 * the logarithm of the Jacobian's determinant out.
 */
import { elementCount, type Graph, type Value } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { type FlowArchitecture, type Stage, stages } from "./architecture.js";
import { halves, normName, stepName, whiteningName } from "./parameters.js";
import { type Whitening, whitened } from "./whitening.js";

/** Noise of mean 0. */
export interface FeatureNoise {
  /** Per scale, of the features' shapes. */
  maps: readonly Value[];
  /** Standard deviation, below 1. */
  deviation: number;
}

export interface FlowInputs {
  /** Feature maps [batch, channels, height, width], finest first. */
  features: readonly Value[];
  /** The value of a parameter, by its name. */
  parameter: (name: string) => Value;
  permutations: ReadonlyMap<string, Int32Array>;
  /** Per scale; wanted by the normalisation `whitened`. */
  whitenings?: readonly Whitening[] | undefined;
  /** What the features are mixed with once they are normalised. Default: nothing. */
  noise?: FeatureNoise | undefined;
  /** Appends the convolutions of the subnets; default: `op.conv`. */
  convolution?: (g: Graph, x: Value, weight: Value, bias: Value) => Value;
}

export interface FlowOutputs {
  /** Latents [batch, channels, height, width], finest first. */
  latents: Value[];
  /** log|det J| of each image, [batch, 1, 1, 1]. */
  logDeterminant: Value;
}

/** Epsilon of the normalisation in front of the flow. */
export const normEpsilon = 1e-5;

/** Appends the whole flow to a graph. */
export function flowForward(g: Graph, architecture: FlowArchitecture, inputs: FlowInputs): FlowOutputs {
  const logDeterminants: Value[] = [];
  const latents = throughStages(g, architecture, inputs, (x, stage) => {
    let y = x;
    for (let step = 0; step < architecture.flowSteps; step++) {
      const done = flowStep(g, y, stage, step, inputs);
      y = done.y;
      logDeterminants.push(done.logDeterminant);
    }
    if (stage.upward === 0) return { latent: y };
    const [up, latent] = op.split(g, y, 1, [stage.upward, stage.latent]) as [Value, Value];
    return { up, latent };
  });
  return { latents, logDeterminant: logDeterminants.reduce((a, b) => op.add(g, a, b)) };
}

/** What is needed in front of the flow steps. */
export type StageInputs = Pick<FlowInputs, "features" | "parameter" | "whitenings" | "noise">;

/** What leaves the flow steps of a stage: its latent and, where there is a finer stage, the channels that go up to it. */
export interface StageOutputs {
  latent: Value;
  up?: Value;
}

/**
 * Appends the U around the flow steps: the normalised features of each stage, joined to what comes up from the coarser one.
 * @param steps appends the flow steps of a stage to what enters them
 * @returns the latents, finest first
 */
export function throughStages(
  g: Graph,
  architecture: FlowArchitecture,
  inputs: StageInputs,
  steps: (x: Value, stage: Stage) => StageOutputs,
): Value[] {
  const latents: Value[] = [];
  let fromBelow: Value | undefined;
  for (const stage of stages(architecture)) {
    const feature = disturbed(g, normalise(g, architecture, inputs, stage.scale), inputs, stage.scale);
    const { latent, up } = steps(fromBelow ? op.concat(g, [feature, fromBelow], 1) : feature, stage);
    latents.unshift(latent);
    fromBelow = up && op.depthToSpace(g, up);
  }
  return latents;
}

function normalise(g: Graph, { normalization }: FlowArchitecture, inputs: StageInputs, scale: number): Value {
  const feature = inputs.features[scale]!;
  if (normalization === "none") return feature;
  const standardised = op.standardiseImage(g, feature, normEpsilon);
  if (normalization === "standard") return standardised;
  if (normalization === "whitened") {
    return whitened(g, standardised, inputs.whitenings![scale]!, whiteningName(scale));
  }
  const weight = inputs.parameter(`${normName(scale)}.weight`);
  const bias = inputs.parameter(`${normName(scale)}.bias`);
  return op.add(g, op.mul(g, standardised, weight), bias);
}

/** √(1 − σ²)·x + noise of the deviation σ: variances of 1 stay 1, as they are without noise. */
function disturbed(g: Graph, feature: Value, { noise }: StageInputs, scale: number): Value {
  if (!noise) return feature;
  return op.add(g, op.scale(g, feature, Math.sqrt(1 - noise.deviation ** 2)), noise.maps[scale]!);
}

/**
 * One flow step: affine coupling with a soft clamp, global affine, fixed permutation.
 * y₂ = x₂·exp(s) + t with s = 2·tanh(a_s), a = 0.1·subnet(x₁); y = permute((x₁, y₂)·g + offset), g = 0.2·ln(1 + exp(γ/2));
 * log-determinant Σ s + H·W·Σ ln g.
 */
function flowStep(g: Graph, x: Value, stage: Stage, step: number, inputs: FlowInputs) {
  const name = stepName(stage.scale, step);
  const parameter = (suffix: string) => inputs.parameter(`${name}.${suffix}`);
  const { convolution = op.conv } = inputs;
  const { kept, transformed } = halves(stage.channels);
  const [x1, x2] = op.split(g, x, 1, [kept, transformed]) as [Value, Value];

  // The factor 0.1 of the subnet passes through the ReLU to the parameters, which are fewer numbers than the maps.
  const tenth = (suffix: string) => scaledFlat(g, parameter(suffix), 0.1);
  const hidden = op.relu(g, convolution(g, x1, tenth("conv1.weight"), tenth("conv1.bias")));
  const subnet = convolution(g, hidden, parameter("conv2.weight"), tenth("conv2.bias"));
  const [logits, shift] = op.split(g, subnet, 1, [transformed, transformed]) as [Value, Value];
  const logScale = op.scale(g, op.tanh(g, logits), 2);
  const y2 = op.add(g, op.mul(g, x2, op.exp(g, logScale)), shift);

  const globalScale = op.scale(g, op.softplus(g, op.scale(g, parameter("globalScale"), 0.5)), 0.2);
  const affine = op.channelAffine(g, op.concat(g, [x1, y2], 1), globalScale, parameter("globalOffset"));
  const y = op.gather(g, affine, 1, inputs.permutations.get(name)!);

  const coupling = sumPerImage(g, logScale);
  const global = op.scale(g, op.sum(g, op.log(g, globalScale), [1]), stage.height * stage.width);
  return { y, logDeterminant: op.add(g, coupling, global) };
}

/** A product with a scalar, on a flat shape: ONNX Runtime takes ten times as long on that of a 1×1 kernel. */
function scaledFlat(g: Graph, x: Value, factor: number): Value {
  const flat = op.reshape(g, x, [elementCount(x.shape)]);
  return op.reshape(g, op.scale(g, flat, factor), x.shape);
}

/** Sum over channels and pixels, [batch, 1, 1, 1]; pixels first, which keeps digits that one float32 sum would lose. */
export function sumPerImage(g: Graph, x: Value): Value {
  return op.sum(g, op.sum(g, x, [2, 3]), [1]);
}
