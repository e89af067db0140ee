import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Weights, weightsUnder } from "#uflow/backbone/index.js";
import { flowFromState, flowToState } from "#uflow/convert/flow-state.js";
import { constantParameters, featureInputs } from "#uflow/flow/energy-network.js";
import { flowForward } from "#uflow/flow/forward.js";
import type { FlowParameters } from "#uflow/flow/parameters.js";
import { Graph } from "#uflow/onnx/graph.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Session } from "#uflow/onnx/session.js";
import { openWeights } from "#uflow/weights/weight-file.js";
import { weightsOf, withTensor } from "../backbone/test-weights.js";
import { goldenFlow, relativeError } from "../flow/golden-flow.js";

/** A checkpoint that PyTorch has written, in memory. */
async function stateOf(name: string): Promise<Weights> {
  const file = await openWeights(fileURLToPath(new URL(`../fixtures/convert/${name}.ckpt`, import.meta.url)));
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [key, { shape }] of file.tensors) tensors.set(key, { shape, data: await file.floats(key) });
  await file.close();
  return weightsUnder("model.", weightsOf(tensors));
}

describe.each(["flow3_ln", "flow_odd"] as const)("the checkpoint %s", (name) => {
  const flow = goldenFlow(name);

  it("gives the parameters of the reference", async () => {
    expect(await flowFromState(await stateOf(name), flow.architecture)).toEqual(flow.parameters);
  });

  it("gives its latents and log-determinant", async () => {
    const parameters = await flowFromState(await stateOf(name), flow.architecture);
    const outputs = await run(flow, parameters);
    flow.features.forEach((_, i) => {
      expect(relativeError(outputs[`z${i}`]!.data, flow.floats(`z/${i}`))).toBeLessThan(5e-6);
    });
    const wanted = flow.golden.tensor("ljd64").data as Float64Array;
    expect(relativeError(outputs.logDeterminant!.data, wanted)).toBeLessThan(5e-6);
  });

  it("is written as it was read, key by key and bit by bit", async () => {
    const state = await stateOf(name);
    const written = flowToState(flow.architecture, flow.parameters);
    expect([...written.keys()].sort()).toEqual([...state.shapes.keys()].sort());
    for (const [key, { shape, data }] of written) {
      expect(shape, key).toEqual(state.shapes.get(key));
      expect(data, key).toEqual(await state.read(key));
    }
  });
});

async function run(
  { architecture, features }: ReturnType<typeof goldenFlow>,
  { permutations, ...values }: FlowParameters,
) {
  const g = new Graph();
  const { latents, logDeterminant } = flowForward(g, architecture, {
    features: featureInputs(g, architecture, "batch"),
    parameter: constantParameters(g, { ...values, permutations }),
    permutations,
  });
  latents.forEach((z, i) => {
    g.output(`z${i}`, z);
  });
  g.output("logDeterminant", logDeterminant);
  const session = await Session.create(serialize(g), { device: "cpu", threads: 1 });
  const feeds = features.map(({ data, shape }, i) => [
    `feature_${i}`,
    { data: data as Float32Array, dims: shape },
  ]);
  return await session.run(Object.fromEntries(feeds));
}

describe("a state dict that is no flow of the reference", () => {
  const { architecture } = goldenFlow("flow3_ln");

  async function expectRefused(change: (state: Weights) => Weights, problem: RegExp): Promise<void> {
    const given = change(await stateOf("flow3_ln"));
    await expect(flowFromState(given, architecture)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_WEIGHTS",
      message: expect.stringMatching(problem),
    });
  }
  const reshaped = (key: string, shape?: readonly number[]) => (state: Weights) => {
    const shapes = new Map(state.shapes);
    if (shape) shapes.set(key, shape);
    else shapes.delete(key);
    return { ...state, shapes };
  };
  const changed = (key: string, at: number, value: number) => (state: Weights) =>
    withTensor(state, key, (data) => {
      data[at] = value;
    });
  const swapped = (key: string, from: number, to: number) => (state: Weights) =>
    withTensor(state, key, (data) => {
      [data[from], data[to]] = [data[to]!, data[from]!];
    });

  const step = "flow.module_list.0";
  it.each<[string, (state: Weights) => Weights, RegExp]>([
    ["a key is missing", reshaped(`${step}.global_scale`), /1 missing: flow\.module_list\.0\.global_scale\)/],
    [
      "a key is unknown",
      reshaped("flow.module_list.2.weight", [1]),
      /1 unknown: flow\.module_list\.2\.weight/,
    ],
    ["another part has unknown keys", reshaped("feature_extractor.norm.weight", [1]), /1 unknown: feature_/],
    [
      "a shape is wrong",
      reshaped(`${step}.subnet.0.weight`, [8, 8, 1, 1]),
      /subnet\.0\.weight is \[8,8,1,1\] instead of \[8,8,3,3\]/,
    ],
    [
      "a number is not finite",
      changed(`${step}.subnet.2.bias`, 5, Number.NaN),
      /subnet\.2\.bias holds NaN at position 5/,
    ],
    [
      "a permutation has no one in a row",
      changed(`${step}.w_perm`, 0, 0.5),
      /0\.w_perm is no permutation: its row 0/,
    ],
    ["a permutation is a rotation", rotated(`${step}.w_perm`), /0\.w_perm is no permutation: its row 0/],
    ["two channels come from one", twice(`${step}.w_perm`), /0\.w_perm is no permutation: two of its rows/],
    [
      "the inverse is another permutation",
      (state) => exchanged(state, `${step}.w_perm_inv`),
      /0\.w_perm_inv is not the inverse of flow\.module_list\.0\.w_perm: they differ in channel \d+/,
    ],
    [
      "the upsampling is another",
      swapped("flow.module_list.3.downsample_kernel", 0, 1),
      /3\.downsample_kernel holds 0 at position 0, where 1 upsamples/,
    ],
    [
      "the upsampling is for other channels",
      reshaped("flow.module_list.3.downsample_kernel", [6, 1, 2, 2]),
      /downsample_kernel is \[6,1,2,2\] instead of \[8,1,2,2\]/,
    ],
  ])("is refused where %s", async (_, change, problem) => {
    await expectRefused(change, problem);
  });

  it("may have its upsampling kernel for fewer channels: it says the same", async () => {
    const state = await stateOf("flow3_ln");
    const key = "flow.module_list.3.downsample_kernel";
    const shorter = {
      shapes: new Map([...state.shapes, [key, [4, 1, 2, 2]]]),
      read: async (name: string) => (await state.read(name)).subarray(0, name === key ? 16 : undefined),
    };
    expect(await flowFromState(shorter, architecture)).toEqual(goldenFlow("flow3_ln").parameters);
  });

  /** Rows 0 and 1 turned by 30° in their plane: orthogonal, but no permutation. */
  function rotated(key: string) {
    return (state: Weights) =>
      withTensor(state, key, (data) => {
        const [first, second] = [data.slice(0, 16), data.slice(16, 32)];
        for (let j = 0; j < 16; j++) {
          data[j] = 0.866 * first[j]! - 0.5 * second[j]!;
          data[16 + j] = 0.5 * first[j]! + 0.866 * second[j]!;
        }
      });
  }

  function twice(key: string) {
    return (state: Weights) => withTensor(state, key, (data) => data.copyWithin(16, 0, 16));
  }

  function exchanged(state: Weights, key: string): Weights {
    return withTensor(state, key, (data) => {
      const first = data.slice(0, 16);
      data.copyWithin(0, 16, 32);
      data.set(first, 16);
    });
  }
});
