import { describe, expect, it } from "vitest";
import { featureName } from "#uflow/backbone/features.js";
import { latentScales, stages } from "#uflow/flow/architecture.js";
import { constantParameters, energyName, energyNetwork, featureInputs } from "#uflow/flow/energy-network.js";
import { flowForward } from "#uflow/flow/forward.js";
import { Graph } from "#uflow/onnx/graph.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { goldenFlow, goldenNames, relativeError } from "./golden-flow.js";

const cpu = { device: "cpu", threads: 1 } as const;

function feedsOf({ features }: Pick<ReturnType<typeof goldenFlow>, "features">) {
  return Object.fromEntries(
    features.map(({ data, shape }, i) => [featureName(i), { data: data as Float32Array, dims: shape }]),
  );
}

describe.each(goldenNames)("the flow %s", (name) => {
  const flow = goldenFlow(name);

  it("gives the reference's latents and log-determinant", async () => {
    const g = new Graph();
    const { latents, logDeterminant } = flowForward(g, flow.architecture, {
      features: featureInputs(g, flow.architecture, "batch"),
      parameter: constantParameters(g, flow.parameters),
      permutations: flow.parameters.permutations,
    });
    latents.forEach((z, i) => {
      g.output(`z${i}`, z);
    });
    g.output("logDeterminant", logDeterminant);
    const session = await Session.create(serialize(g), cpu);
    const outputs = await session.run(feedsOf(flow));
    latents.forEach((_, i) => {
      expect(relativeError(outputs[`z${i}`]!.data, flow.floats(`z/${i}`))).toBeLessThan(5e-6);
    });
    const wanted = flow.golden.tensor("ljd64").data as Float64Array;
    expect(relativeError(outputs.logDeterminant!.data, wanted)).toBeLessThan(5e-6);
  });

  it("gives Σ z² of those latents as energies", async () => {
    const session = await Session.create(energyNetwork(flow.architecture, flow.parameters), cpu);
    const outputs = await session.run(feedsOf(flow));
    latentScales(flow.architecture).forEach(({ channels, height, width }, scale) => {
      const z = flow.floats(`z/${scale}`);
      const pixels = height * width;
      const wanted = new Float64Array(2 * pixels);
      z.forEach((value, i) => {
        const image = Math.floor(i / (channels * pixels));
        wanted[image * pixels + (i % pixels)]! += value * value;
      });
      const energy = outputs[energyName(scale)]!;
      expect(energy.dims).toEqual([2, 1, height, width]);
      expect(relativeError(energy.data, wanted)).toBeLessThan(1e-5);
    });
  });
});

it("normalises without weights as with weights of 1 and biases of 0", async () => {
  const { architecture, parameters, features } = goldenFlow("flow3_ln");
  const identity = { ...parameters, values: parameters.values.slice() };
  for (const { name, offset, length } of parameters.slots) {
    if (!name.includes(".norm.")) continue;
    identity.values.fill(name.endsWith("weight") ? 1 : 0, offset, offset + length);
  }
  const energies = async (normalization: "layer" | "standard") => {
    const session = await Session.create(energyNetwork({ ...architecture, normalization }, identity), cpu);
    const outputs = await session.run(feedsOf({ features }));
    return features.map((_, scale) => [...outputs[energyName(scale)]!.data]);
  };
  expect(await energies("standard")).toEqual(await energies("layer"));
});

describe("the stages", () => {
  it("have the sizes of the paper's models", () => {
    const scales = [
      { channels: 768, height: 28, width: 28 },
      { channels: 384, height: 14, width: 14 },
    ];
    const latents = latentScales({ scales, flowSteps: 4, normalization: "none" });
    expect(latents.map(({ channels }) => channels)).toEqual([816, 192]);
  });

  it("refuse feature maps that form no pyramid, naming all that is wrong", () => {
    const scales = [
      { channels: 8, height: 16, width: 16 },
      { channels: 6, height: 9, width: 8 },
    ];
    expect(() => stages({ scales, flowSteps: 0, normalization: "none" })).toThrow(
      expect.objectContaining({
        code: "ERR_UFLOW_BAD_OPTION",
        message: expect.stringMatching(/flowSteps is 0.*8×9.*half of 16×16.*6 channels/),
      }),
    );
  });
});
