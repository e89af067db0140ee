import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema } from "onnx-buf";
import { afterEach, describe, expect, it, vi } from "vitest";
import { featureName, imageName } from "#uflow/backbone/features.js";
import type { Model } from "#uflow/bundle/model.js";
import { UflowError } from "#uflow/error.js";
import { constantParameters, energyName, featureInputs } from "#uflow/flow/energy-network.js";
import { flowForward } from "#uflow/flow/forward.js";
import { Network, type NetworkMaps } from "#uflow/inspect/network.js";
import { Graph, type Value } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { Random } from "#uflow/random.js";
import { architecture, inputSize, randomModel, randomParameters } from "../fixtures/random-model.js";
import { relativeError } from "../flow/golden-flow.js";

const cpu = { device: "cpu", threads: 1 } as const;
/** Backbone and flow in two sessions. */
const apart = { ...cpu, composeLimit: 0 };
const random = new Random(4);
const image = Float32Array.from({ length: 3 * inputSize ** 2 }, () => random.normal());

afterEach(() => {
  vi.restoreAllMocks();
});

async function mapsOf(model: Model, options: Parameters<typeof Network.open>[1]): Promise<NetworkMaps> {
  const network = await Network.open(model, options);
  const [maps] = await network.run([image]);
  await network.close();
  return maps;
}

/** A flow's network with all latents and energies written as the first versions of the engine did. */
function oldFlow(seed: number, output: (g: Graph, z: Value, scale: number) => void): Uint8Array {
  const parameters = randomParameters(architecture, seed);
  const g = new Graph();
  const { latents } = flowForward(g, architecture, {
    features: featureInputs(g, architecture, "batch"),
    parameter: constantParameters(g, parameters),
    permutations: parameters.permutations,
  });
  latents.forEach((z, scale) => {
    output(g, z, scale);
  });
  return serialize(g);
}

const oldEnergies = (g: Graph, z: Value, scale: number) =>
  g.output(energyName(scale), op.sum(g, op.mul(g, z, z), [1]));

describe("a model's network", () => {
  it("is one session that yields what two yield, bit for bit", async () => {
    const created = vi.spyOn(Session, "create");
    const one = await mapsOf(randomModel(), cpu);
    expect(created).toHaveBeenCalledTimes(1);
    const two = await mapsOf(randomModel(), apart);
    expect(created).toHaveBeenCalledTimes(3);
    expect(one).toEqual(two);
    expect(one.energies.map(({ data, ...size }) => size)).toEqual(randomModel().manifest.latents);
    expect(one.energies[0]!.data.every((energy) => energy > 0)).toBe(true);
    expect(one.exceedances).toEqual([]);
  });

  it("of an old model file gives the same energies", async () => {
    const now = await mapsOf(randomModel({ seed: 7 }), cpu);
    const old = randomModel({ flow: oldFlow(7, oldEnergies) });
    for (const options of [cpu, apart]) {
      const { energies } = await mapsOf(old, options);
      energies.forEach(({ data }, scale) => {
        expect(relativeError(data, now.energies[scale]!.data)).toBeLessThan(2e-6);
      });
    }
  });

  it("counts the channels with z² at or above a threshold, where that is asked for", async () => {
    const threshold = 0.8;
    const latents = randomModel({ flow: oldFlow(7, (g, z, scale) => g.output(`z_${scale}`, z)) });
    const counts = await exceedancesOf(latents, threshold);
    const old = randomModel({ flow: oldFlow(7, oldEnergies) });
    for (const model of [randomModel({ seed: 7 }), old]) {
      const plain = await mapsOf(model, cpu);
      for (const options of [cpu, apart]) {
        const { energies, exceedances } = await mapsOf(model, { ...options, exceedance: threshold });
        expect(energies).toEqual(plain.energies);
        expect(exceedances).toEqual(counts);
      }
    }
  });

  it("cannot count in a flow that sums no squares", async () => {
    const flow = oldFlow(7, (g, z, scale) => g.output(energyName(scale), op.sum(g, op.exp(g, z), [1])));
    await expect(Network.open(randomModel({ flow }), { ...cpu, exceedance: 1 })).rejects.toMatchObject({
      code: "ERR_UFLOW_NETWORK",
      message: expect.stringMatching(/energy_0 but found no squares/),
    });
  });
});

describe("latents", () => {
  const expectSameLatents = (got: readonly Float32Array[], wanted: readonly Float32Array[]) => {
    expect(got.length).toBe(wanted.length);
    got.forEach((z, scale) => {
      expect(relativeError(z, wanted[scale]!)).toBeLessThan(2e-6);
    });
  };

  it("are yielded beside the same energies and exceedances, where they are asked for", async () => {
    const model = randomModel({ seed: 7 });
    const z = await latentsOf(randomModel({ flow: oldFlow(7, (g, z, scale) => g.output(`z_${scale}`, z)) }));
    const threshold = 0.8;
    const plain = await mapsOf(model, { ...cpu, exceedance: threshold });
    for (const options of [cpu, apart]) {
      const { latents, ...others } = await mapsOf(model, {
        ...options,
        exceedance: threshold,
        latents: true,
      });
      expect({ ...others, latents: [] }).toEqual(plain);
      expectSameLatents(latents, z);
    }
    expectSameLatents((await mapsOf(model, { ...apart, latents: true })).latents, z);
    expect(plain.latents).toEqual([]);
  });

  it("in float16 are near to those in float32 but not them", async () => {
    const exact = await mapsOf(randomModel(), { ...cpu, latents: true });
    const { latents } = await mapsOf(randomModel(), { ...cpu, latents: true, precision: "float16" });
    latents.forEach((z, scale) => {
      const error = relativeError(z, exact.latents[scale]!);
      expect(error).toBeGreaterThan(1e-6);
      expect(error).toBeLessThan(5e-3);
    });
  });

  it("cannot be had of a flow that cannot be decoded", async () => {
    const model = randomModel({ flow: Uint8Array.of(255) });
    await expect(Network.open(model, { ...cpu, latents: true })).rejects.toMatchObject({
      code: "ERR_UFLOW_NETWORK",
      message: expect.stringMatching(/latents of flow\.onnx.*cannot be decoded/),
    });
  });
});

describe("float16", () => {
  const half = { precision: "float16" } as const;

  it("is near to float32 but not it, in one network and in two", async () => {
    const exact = await mapsOf(randomModel(), cpu);
    for (const options of [cpu, apart]) {
      const { energies } = await mapsOf(randomModel(), { ...options, ...half });
      energies.forEach(({ data }, scale) => {
        const error = relativeError(data, exact.energies[scale]!.data);
        expect(error).toBeGreaterThan(1e-6);
        expect(error).toBeLessThan(5e-3);
      });
    }
  });

  it("counts exceedances too", async () => {
    const options = { ...cpu, ...half, exceedance: 0 };
    const { exceedances } = await mapsOf(randomModel(), options);
    for (const { data, channels } of exceedances) expect(data.every((n) => n === channels)).toBe(true);
  });

  it("refuses a network that is none", async () => {
    const bad = randomModel({ backbone: Uint8Array.of(255) });
    await expect(Network.open(bad, { ...apart, ...half })).rejects.toMatchObject({
      code: "ERR_UFLOW_NETWORK",
      message: expect.stringMatching(/backbone\.onnx in float16.*cannot be decoded.*"float32"/),
    });
  });
});

/** Of a model whose flow yields them by itself. */
async function latentsOf({ manifest, backbone, flow }: Model): Promise<Float32Array[]> {
  const [first, second] = [await Session.create(backbone, cpu), await Session.create(flow, cpu)];
  const features = await first.run({ image: { data: image, dims: [1, 3, inputSize, inputSize] } });
  const latents = await second.run(features);
  await Promise.all([first.close(), second.close()]);
  return manifest.latents.map((_, scale) => latents[`z_${scale}`]!.data);
}

/** The specification of the count, from latents in JavaScript. */
async function exceedancesOf(model: Model, threshold: number) {
  const latents = await latentsOf(model);
  return model.manifest.latents.map(({ channels, height, width }, scale) => {
    const data = new Float32Array(height * width);
    latents[scale]!.forEach((z, i) => {
      if (Math.fround(z * z) >= Math.fround(threshold)) data[i % data.length]! += 1;
    });
    return { data, channels, height, width };
  });
}

describe("several models", () => {
  const models = [
    randomModel({ seed: 1 }),
    randomModel({ seed: 2 }),
    randomModel({ seed: 3, backboneSeed: 2 }),
  ];

  it("share the backbone that is the same, and each gives its own energies", async () => {
    const alone = await Promise.all(models.map((model) => mapsOf(model, cpu)));
    const created = vi.spyOn(Session, "create");
    const networks = await Network.openAll(models, cpu);
    // One backbone and two flows; the third is one network.
    expect(created).toHaveBeenCalledTimes(4);
    for (const [i, network] of networks.entries()) expect(await network.run([image])).toEqual([alone[i]]);
    await networks[0]!.close();
    expect(await networks[1]!.run([image])).toEqual([alone[1]]);
    await networks[2]!.close();
    expect(await networks[1]!.run([image])).toEqual([alone[1]]);
    await networks[1]!.close();
  });

  it("free the shared backbone once, with the last that uses it", async () => {
    const closed = vi.spyOn(Session.prototype, "close");
    const [first, second] = await Network.openAll(models.slice(0, 2), cpu);
    await second!.close();
    expect(closed).toHaveBeenCalledTimes(1);
    await first!.close();
    expect(closed).toHaveBeenCalledTimes(3);
  });
});

type FlowBuilder = (g: Graph, features: Value[]) => Value[];

/** A flow that is none: any functions of inputs of any size and type. */
function anyFlow(build: FlowBuilder, declare: (g: Graph, scale: number) => Value = feature): Uint8Array {
  const g = new Graph();
  const features = architecture.scales.map((_, scale) => declare(g, scale));
  build(g, features).forEach((energy, scale) => {
    g.output(energyName(scale), energy);
  });
  return serialize(g);
}

function feature(g: Graph, scale: number): Value {
  const { channels, height, width } = architecture.scales[scale]!;
  return g.input(featureName(scale), ["batch", channels, height, width]);
}

const sums: FlowBuilder = (g, features) => features.map((x) => op.sum(g, op.mul(g, x, x), [1]));

function changedFlow(change: (model: ModelProto) => void): Uint8Array {
  const flow = fromBinary(ModelProtoSchema, randomModel().flow);
  change(flow);
  return toBinary(ModelProtoSchema, flow);
}

const hostile: Record<string, Uint8Array> = {
  "takes features of other sizes": anyFlow(sums, (g, scale) =>
    g.input(featureName(scale), ["batch", 5, 4, 4]),
  ),
  "takes features of another type": anyFlow(sums, (g, scale) =>
    g.input(featureName(scale), ["batch", 8, 8, 8], "float16"),
  ),
  "takes features of no rank": anyFlow(sums, (g, scale) => g.input(featureName(scale), [])),
  "takes one feature twice": changedFlow(({ graph }) => graph!.input.push(graph!.input[0]!)),
  "takes the image instead": anyFlow(sums, (g, scale) =>
    g.input(scale === 0 ? imageName : featureName(scale), ["batch", 3, inputSize, inputSize]),
  ),
  "makes energies of other sizes": anyFlow((g, features) => features.map((x) => op.sum(g, x, [1, 2]))),
  "makes energies of another type": anyFlow((g, features) =>
    features.map((x) => g.node("Cast", [op.sum(g, x, [1])], [1], { to: 7 })),
  ),
  "makes no energies": changedFlow(({ graph }) => {
    graph!.output = [];
  }),
  "makes a value under the name of its input": changedFlow(({ graph }) => {
    graph!.node[3]!.output[0] = featureName(0);
  }),
  "runs in a circle": changedFlow(({ graph }) => {
    graph!.node[0]!.input[0] = energyName(0);
  }),
  "has a node of no known kind": changedFlow(({ graph }) => {
    graph!.node[2]!.opType = "NoSuchOperator";
  }),
  "is written for operators of another version": changedFlow((model) => {
    model.opsetImport[0]!.version = 9999n;
  }),
  "names no operators": changedFlow((model) => {
    model.opsetImport = [];
  }),
};

describe.each(Object.entries(hostile))("a flow that %s", (_, flow) => {
  it.each([
    ["in one network", cpu],
    ["in one network that counts", { ...cpu, exceedance: 1 }],
    ["in two networks", apart],
  ])("ends in an error, %s", async (_, options) => {
    const outcome = await mapsOf(randomModel({ flow }), options).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(UflowError);
    expect(outcome).toMatchObject({ code: "ERR_UFLOW_NETWORK" });
  });
});
