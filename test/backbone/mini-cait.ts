import { joinWeights, type Weights, weightsUnder } from "#uflow/backbone/index.js";
import { loadGolden } from "../fixtures/golden.js";
import { weightsOf } from "./test-weights.js";

/** A CaiT of three blocks with weights, an image and features of the reference. */
export const golden = loadGolden("backbone/cait_mini");
const tensors = golden.names.map((name) => [name, golden.tensor(name)] as const);
export const state = weightsUnder("state/", weightsOf(new Map(tensors as never)));
export const mini = { name: "mini", inputSize: 64, patchSize: 16, channels: 48, heads: 4, blocks: 3 };

/** One transformer on the image, a smaller one of other weights on the image at half its size. */
export const twoScales = {
  name: "pair",
  scales: [mini, { ...mini, name: "half", inputSize: 32, blocks: 2 }],
};
/** Those of the smaller one. */
export const shorter: Weights = {
  shapes: new Map([...state.shapes, ["pos_embed", [1, 4, 48]]]),
  read: async (name) => (await state.read(name)).subarray(0, name === "pos_embed" ? 4 * 48 : undefined),
};
export const pair = joinWeights({ "mini.": state, "half.": shorter });
