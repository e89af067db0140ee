import type { GraphProto, NodeProto } from "onnx-buf";
import type { Scale } from "../backbone/features.js";
import { UflowError } from "../error.js";
import { Graph } from "../onnx/graph.js";
import * as op from "../onnx/operators.js";
import { serialize } from "../onnx/serialize.js";
import { energyName } from "./energy-network.js";

/** The network's inputs, by scale; 0 is the finest. */
export const squareName = (scale: number) => `square_${scale}`;
/** The network's outputs, by scale. */
export const exceedanceName = (scale: number) => `exceedance_${scale}`;

/**
 * What the window test counts, as the bytes of an ONNX model: squared latents [batch, channels, height, width] in, per
 * pixel the number of channels with z² ≥ `threshold` [batch, 1, height, width] out.
 */
export function exceedanceNetwork(latents: readonly Scale[], threshold: number): Uint8Array<ArrayBuffer> {
  const g = new Graph();
  latents.forEach(({ channels, height, width }, scale) => {
    const squares = g.input(squareName(scale), ["batch", channels, height, width]);
    g.output(exceedanceName(scale), op.sumOfChannels(g, op.atLeast(g, squares, threshold)));
  });
  return serialize(g);
}

/**
 * The names of the squared latents inside of a flow's network, which yields only their sums: from each energy back to
 * the first product of a value with itself.
 * @throws UflowError ERR_UFLOW_NETWORK when there is none.
 */
export function squaresInside(flow: GraphProto, scales: number): Record<string, string> {
  const makers = new Map(flow.node.flatMap((node) => node.output.map((name) => [name, node])));
  return Object.fromEntries(
    Array.from({ length: scales }, (_, scale) => [squareName(scale), squaresOf(makers, energyName(scale))]),
  );
}

function squaresOf(makers: ReadonlyMap<string, NodeProto>, energy: string): string {
  // Sums and reshapes have one input that is no constant. A walk without end is a circle, which nothing sound contains.
  let name: string | undefined = energy;
  for (let steps = 0; name !== undefined && steps <= makers.size; steps++) {
    const node = makers.get(name);
    if (node?.opType === "Mul" && node.input[0] === node.input[1]) return name;
    name = node?.input.find((input) => makers.has(input));
  }
  throw new UflowError(
    "ERR_UFLOW_NETWORK",
    `Expected flow.onnx to sum the squares of its latents to ${energy} but found no squares: train the model again`,
  );
}
