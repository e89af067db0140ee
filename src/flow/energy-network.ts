import { featureName } from "../backbone/features.js";
import { Graph, type Value } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { serialize } from "../onnx/serialize.js";
import type { FlowArchitecture } from "./architecture.js";
import { canFold, foldedLatents } from "./folded.js";
import { flowForward } from "./forward.js";
import type { FlowParameters } from "./parameters.js";

/** The network's outputs, by scale; 0 is the finest. */
export const energyName = (scale: number) => `energy_${scale}`;

/**
 * The flow as it is used for inspection, as the bytes of an ONNX model: feature maps [batch, channels, height, width]
 * in, per scale the energy Σ z² of every pixel [batch, 1, height, width] out. Only these small maps leave the network. Its
 * latents are those of `flowForward` to float rounding.
 */
export function energyNetwork(
  architecture: FlowArchitecture,
  parameters: FlowParameters,
): Uint8Array<ArrayBuffer> {
  const g = new Graph();
  const { permutations, whitenings } = parameters;
  const features = featureInputs(g, architecture, "batch");
  const inputs = { features, parameter: constantParameters(g, parameters), permutations, whitenings };
  const latents = canFold(architecture, parameters)
    ? foldedLatents(g, architecture, inputs, parameters)
    : flowForward(g, architecture, inputs).latents;
  latents.forEach((z, scale) => {
    g.output(energyName(scale), op.sumOfChannels(g, op.mul(g, z, z)));
  });
  return serialize(g);
}

/** One input per scale. */
export function featureInputs(g: Graph, { scales }: FlowArchitecture, batch: number | string): Value[] {
  return scales.map(({ channels, height, width }, scale) =>
    g.input(featureName(scale), [batch, channels, height, width]),
  );
}

/** Parameters as initialisers of the graph. */
export function constantParameters(g: Graph, { slots, values }: FlowParameters): (name: string) => Value {
  const byName = new Map(slots.map((slot) => [slot.name, slot]));
  return (name) => {
    const { shape, offset, length } = byName.get(name)!;
    return g.constant(name, values.subarray(offset, offset + length), shape);
  };
}
