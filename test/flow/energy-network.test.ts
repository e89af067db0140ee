import { describe, expect, it } from "vitest";
import { featureName } from "#uflow/backbone/features.js";
import { constantParameters, energyName, energyNetwork, featureInputs } from "#uflow/flow/energy-network.js";
import { flowForward } from "#uflow/flow/forward.js";
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

it.each(["none", "standard", "layer"] as const)(
  "gives the energies of the network that is trained, normalisation %s",
  async (normalization) => {
    const of = { ...architecture, normalization };
    const parameters = randomParameters(of, 3);
    const g = new Graph();
    const { latents } = flowForward(g, of, {
      features: featureInputs(g, of, "batch"),
      parameter: constantParameters(g, parameters),
      permutations: parameters.permutations,
    });
    latents.forEach((z, scale) => {
      g.output(energyName(scale), op.sum(g, op.mul(g, z, z), [1]));
    });
    const feeds = Object.fromEntries(
      of.scales.map(({ channels, height, width }, scale) => {
        const dims = [2, channels, height, width];
        return [featureName(scale), { data: numbers(2 * channels * height * width, 0.3), dims }];
      }),
    );
    const wanted = await run(g, feeds);
    const session = await Session.create(energyNetwork(of, parameters), cpu);
    const got = await session.run(feeds);
    for (const [name, { data, dims }] of Object.entries(wanted)) {
      expect(got[name]!.dims).toEqual(dims);
      expect(relativeError(got[name]!.data, data)).toBeLessThan(2e-6);
    }
  },
);

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
