/**
 * The flow for inspection, where its parameters are known: the latents of `flowForward` with fewer passes over the maps.
 * What a step does to whole channels behind its coupling is not done there but handed on, into the convolutions of the next.
 */
import type { Graph, Value } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { type FlowArchitecture, type Stage, stages } from "./architecture.js";
import { type StageInputs, type StageOutputs, throughStages } from "./forward.js";
import { type FlowParameters, halves, kernelSize, parameter, stepName } from "./parameters.js";

/** What enters a step: channel i of x = (x₁, x₂) is factor[i] times that of (first, second). */
interface Entering {
  first: Value;
  second: Value;
  factor: Float64Array;
}

/** What leaves a step: channel i is factor[order[i]] times channel order[i] of y. */
interface Leaving {
  y: Value;
  factor: Float64Array;
  order: Int32Array;
}

/**
 * Appends the flow to a graph.
 * @param parameters such that `canFold`
 * @returns its latents [batch, channels, height, width], finest first.
 */
export function foldedLatents(
  g: Graph,
  architecture: FlowArchitecture,
  inputs: StageInputs,
  parameters: FlowParameters,
): Value[] {
  return throughStages(g, architecture, inputs, (x, stage) => {
    let entering = enter(g, x, stage);
    for (let step = 0; step < architecture.flowSteps - 1; step++) {
      entering = handOn(g, foldedStep(g, entering, stage, step, parameters), stage);
    }
    const last = foldedStep(g, entering, stage, architecture.flowSteps - 1, parameters);
    return leave(g, last, stage);
  });
}

/**
 * Whether all products of global scales can be divided by. A map that can be inverted has no other ones, but a scale below
 * 10⁻³⁸ is 0 in float32.
 */
export function canFold(architecture: FlowArchitecture, parameters: FlowParameters): boolean {
  return stages(architecture).every(({ scale }) => {
    let [least, most] = [1, 1];
    for (let step = 0; step < architecture.flowSteps; step++) {
      const g = globalScales(parameter(parameters, `${stepName(scale, step)}.globalScale`));
      least *= g.reduce((a, b) => Math.min(a, b));
      most *= g.reduce((a, b) => Math.max(a, b));
    }
    return least > 1e-12 && most < 1e12;
  });
}

function enter(g: Graph, x: Value, { channels }: Stage): Entering {
  const { kept, transformed } = halves(channels);
  const [first, second] = op.split(g, x, 1, [kept, transformed]) as [Value, Value];
  return { first, second, factor: new Float64Array(channels).fill(1) };
}

function handOn(g: Graph, { y, factor, order }: Leaving, { channels }: Stage): Entering {
  const { kept } = halves(channels);
  return {
    first: op.gather(g, y, 1, order.subarray(0, kept)),
    second: op.gather(g, y, 1, order.subarray(kept)),
    factor: Float64Array.from(order, (channel) => factor[channel]!),
  };
}

function leave(g: Graph, { y, factor, order }: Leaving, { channels, upward }: Stage): StageOutputs {
  const constant = g.constant("globalScale", Float32Array.from(factor), [1, channels, 1, 1]);
  const scaled = op.mul(g, y, constant);
  const latent = op.gather(g, scaled, 1, order.subarray(upward));
  if (upward === 0) return { latent };
  return { latent, up: op.gather(g, scaled, 1, order.subarray(0, upward)) };
}

/** `flowStep` of forward.ts on what stands for x. */
function foldedStep(
  g: Graph,
  { first, second, factor }: Entering,
  { scale, channels }: Stage,
  step: number,
  parameters: FlowParameters,
): Leaving {
  const name = stepName(scale, step);
  const { kept, transformed } = halves(channels);
  const folded = foldedParameters(parameters, name, factor);
  const k = kernelSize(step);
  const shapes = {
    "conv1.weight": [kept, kept, k, k],
    "conv1.bias": [kept],
    "conv2.weight": [2 * transformed, kept, k, k],
    "conv2.bias": [2 * transformed],
    offset: [1, kept, 1, 1],
  };
  const constant = (part: keyof typeof shapes) => g.constant(`${name}.${part}`, folded[part], shapes[part]);

  const hidden = op.relu(g, op.conv(g, first, constant("conv1.weight"), constant("conv1.bias")));
  const subnet = op.conv(g, hidden, constant("conv2.weight"), constant("conv2.bias"));
  const [logits, shift] = op.split(g, subnet, 1, [transformed, transformed]) as [Value, Value];
  const y1 = op.add(g, first, constant("offset"));
  const y2 = op.add(g, op.mul(g, second, op.exp(g, op.scale(g, op.tanh(g, logits), 2))), shift);
  return {
    y: op.concat(g, [y1, y2], 1),
    factor: folded.factor,
    order: parameters.permutations.get(name)!,
  };
}

/**
 * The constants of a step on r in place of x = a·r. Its coupling and global affine are
 *
 *     g₁·a₁·r₁ + o₁ = g₁a₁·(r₁ + o₁/(g₁a₁)),
 *     g₂·(a₂·r₂·exp(s) + t) + o₂ = g₂a₂·(r₂·exp(s) + t/a₂ + o₂/(g₂a₂)).
 *
 * The new factors are g·a; a₁ goes into the first convolution, 1/a₂ and the offset of the second half into the second one,
 * and so does 0.1. The offset of the first half is added: a convolution that pads with zeros could not take it.
 */
function foldedParameters(parameters: FlowParameters, name: string, a: Float64Array) {
  const numbers = (suffix: string) => parameter(parameters, `${name}.${suffix}`);
  const g = globalScales(numbers("globalScale"));
  const factor = a.map((before, channel) => before * g[channel]!);
  const offset = numbers("globalOffset").map((o, channel) => o / factor[channel]!);
  const { kept, transformed } = halves(a.length);
  const weight1 = numbers("conv1.weight");
  const weight2 = numbers("conv2.weight");
  const pixels = weight1.length / kept ** 2;
  const row = kept * pixels;
  /** Rows of the second convolution: first all logits, then all shifts. */
  const rowFactor = (i: number) => (i < transformed ? 0.1 : 0.1 / a[kept + i - transformed]!);
  const rowOffset = (i: number) => (i < transformed ? 0 : offset[kept + i - transformed]!);
  return {
    factor,
    "conv1.weight": weight1.map((w, i) => w * a[Math.floor(i / pixels) % kept]!),
    "conv1.bias": numbers("conv1.bias"),
    "conv2.weight": weight2.map((w, i) => w * rowFactor(Math.floor(i / row))),
    "conv2.bias": numbers("conv2.bias").map((b, i) => b * rowFactor(i) + rowOffset(i)),
    offset: offset.slice(0, kept),
  };
}

/** g = 0.2·ln(1 + exp(γ/2)). */
function globalScales(gamma: Float32Array): Float64Array {
  return Float64Array.from(
    gamma,
    (value) => 0.2 * (Math.max(value / 2, 0) + Math.log1p(Math.exp(-Math.abs(value) / 2))),
  );
}
