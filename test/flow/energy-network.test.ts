import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { featureName } from "#uflow/backbone/features.js";
import { backboneNames, backboneOf } from "#uflow/backbone/index.js";
import type { FlowArchitecture } from "#uflow/flow/architecture.js";
import { constantParameters, energyName, energyNetwork, featureInputs } from "#uflow/flow/energy-network.js";
import { flowForward } from "#uflow/flow/forward.js";
import { latentName, withLatents } from "#uflow/flow/latents-inside.js";
import { type FlowParameters, initialParameters, parameter } from "#uflow/flow/parameters.js";
import { Graph } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { Random } from "#uflow/random.js";
import { architecture, randomParameters } from "../fixtures/random-model.js";
import { relativeError } from "./golden-flow.js";

const cpu = { device: "cpu", threads: 1 } as const;
const random = new Random(9);
const numbers = (count: number, mean = 0) =>
  Float32Array.from({ length: count }, () => mean + random.normal());

async function run(g: Graph, feeds: Parameters<Session["run"]>[0]) {
  const session = await Session.create(serialize(g), cpu);
  const results = await session.run(feeds);
  await session.close();
  return results;
}

/** Latents and energies of the flow as it is trained: the specification. */
function plainFlow(of: FlowArchitecture, parameters: FlowParameters): Graph {
  const g = new Graph();
  const { latents } = flowForward(g, of, {
    features: featureInputs(g, of, "batch"),
    parameter: constantParameters(g, parameters),
    permutations: parameters.permutations,
    whitenings: parameters.whitenings,
  });
  latents.forEach((z, scale) => {
    g.output(latentName(scale), z);
    g.output(energyName(scale), op.sum(g, op.mul(g, z, z), [1]));
  });
  return g;
}

const featuresOf = ({ scales }: FlowArchitecture) =>
  Object.fromEntries(
    scales.map(({ channels, height, width }, scale) => {
      const dims = [2, channels, height, width];
      return [featureName(scale), { data: numbers(2 * channels * height * width, 0.3), dims }];
    }),
  );

/** Holds the network for inspection, with its latents, to the flow as it is trained. */
async function expectSame(of: FlowArchitecture, parameters: FlowParameters): Promise<void> {
  const feeds = featuresOf(of);
  const wanted = await run(plainFlow(of, parameters), feeds);
  const session = await Session.create(withLatents(energyNetwork(of, parameters), of.scales.length), cpu);
  const got = await session.run(feeds);
  await session.close();
  expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, { data, dims }] of Object.entries(wanted)) {
    expect(got[name]!.dims).toEqual(dims);
    expect(relativeError(got[name]!.data, data)).toBeLessThan(5e-6);
  }
}

describe("the flow for inspection is the flow as it is trained", () => {
  it.each(["none", "standard", "whitened", "layer"] as const)(
    "with the normalisation %s",
    async (normalization) => {
      const of = { ...architecture, normalization };
      await expectSame(of, randomParameters(of, 3));
    },
  );

  it.each(backboneNames)("with the channels of %s", async (name) => {
    const { channels, normalization } = backboneOf(name);
    const scales = channels.map((count, scale) => {
      const side = 2 ** (channels.length - scale);
      return { channels: count, height: side, width: side };
    });
    const of = { scales, flowSteps: 3, normalization };
    const parameters = initialParameters(of, 5);
    // Convolutions are random from the start.
    for (const { offset, length, fanIn } of parameters.slots) {
      for (let i = offset; fanIn === undefined && i < offset + length; i++) {
        parameters.values[i]! += random.between(-0.5, 0.5);
      }
    }
    await expectSame(of, parameters);
  });

  it("with an odd number of channels, and one step", async () => {
    const scales = [5, 11].map((channels, scale) => ({ channels, height: 6 >> scale, width: 4 >> scale }));
    const of = { scales, flowSteps: 1, normalization: "none" as const };
    await expectSame(of, randomParameters(of, 6));
  });

  it.each([
    ["so small that nothing can be divided by it", -300],
    ["so large", 1e13],
  ])("where a global scale is %s", async (_, gamma) => {
    const parameters = randomParameters(architecture, 7);
    parameter(parameters, "scale1.step0.globalScale")[2] = gamma;
    await expectSame(architecture, parameters);
  });
});

it("has its pointwise work folded: an addition per step, a product with the global scales per stage", () => {
  const operators = (network: Uint8Array) =>
    fromBinary(ModelProtoSchema, network).graph!.node.map(({ opType }) => opType);
  const count = (name: string, within: string[]) => within.filter((each) => each === name).length;
  const of = { ...architecture, normalization: "none" as const, flowSteps: 4 };
  const parameters = randomParameters(of, 3);
  const [plain, folded] = [serialize(plainFlow(of, parameters)), energyNetwork(of, parameters)].map(
    operators,
  );
  const [stages, steps] = [2, 8];
  expect(count("Split", plain!)).toBe(2 * steps + stages - 1);
  expect(count("Split", folded!)).toBe(steps + stages);
  // Three products of a step of which one stays with each: 2·tanh and exp(s)·x₂. And the squares.
  expect(count("Mul", folded!)).toBe(2 * steps + stages + stages);
  expect(count("Softplus", folded!)).toBe(0);
});

describe("on maps as large as a backbone's", () => {
  const shape = [2, 24, 64, 64] as const;
  const size = shape[1] * shape[2] * shape[3];
  const x = Float32Array.from([...numbers(size, 3), ...numbers(size, -1)]);
  const feeds = { x: { data: x, dims: shape } };
  const build = (f: (g: Graph, x: ReturnType<Graph["input"]>) => ReturnType<Graph["input"]>) => {
    const g = new Graph();
    g.output("y", f(g, g.input("x", ["batch", ...shape.slice(1)])));
    return g;
  };

  it.each([
    ["around 0", (value: number) => value],
    ["far from 0", (value: number) => value + 5],
    ["as they leave a ReLU", (value: number) => Math.max(0, value)],
  ])("standardises each image to what double precision gives, values %s", async (_, change) => {
    const changed = x.map(change);
    const wanted = [0, 1].flatMap((i) => {
      const image = Float64Array.from(changed.subarray(i * size, (i + 1) * size));
      const mean = image.reduce((sum, value) => sum + value, 0) / size;
      const variance = image.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
      return [...image.map((value) => (value - mean) / Math.sqrt(variance + 1e-5))];
    });
    const { y } = await run(
      build((g, value) => op.standardiseImage(g, value, 1e-5)),
      { x: { data: changed, dims: shape } },
    );
    expect(relativeError(y!.data, wanted)).toBeLessThan(5e-6);
  });

  it("sums over channels as double precision does", async () => {
    const pixels = shape[2] * shape[3];
    const wanted = new Float64Array(2 * pixels);
    x.forEach((value, i) => {
      wanted[Math.floor(i / size) * pixels + (i % pixels)]! += value;
    });
    const { y } = await run(build(op.sumOfChannels), feeds);
    expect(y!.dims).toEqual([2, 1, shape[2], shape[3]]);
    expect(relativeError(y!.data, wanted)).toBeLessThan(1e-6);
  });
});
