import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema, type TensorShapeProto_Dimension } from "onnx-buf";
import { Graph, type Shape, type Value } from "#uflow/onnx/graph.js";
import * as op from "#uflow/onnx/operators.js";
import { serialize } from "#uflow/onnx/serialize.js";
import { Random } from "#uflow/random.js";

/** A small network of a user's own: the maps a (stride 4, 8 channels), b (8, 16) and c (16, 24), and logits of c. */
export interface OwnParts {
  g: Graph;
  image: Value;
  a: Value;
  b: Value;
  c: Value;
}

/** Half the size, other channels. */
function stage(g: Graph, x: Value, inn: number, out: number): Value {
  const random = new Random(inn + out);
  const noise = (length: number) => Float32Array.from({ length }, () => 0.2 * random.normal());
  const w = g.constant("weight", noise(out * inn * 9), [out, inn, 3, 3]);
  const b = g.constant("bias", noise(out), [out]);
  return op.relu(g, op.conv(g, x, w, b, { strides: [2, 2] }));
}

/** @param outputs names what leaves the network; @param shape that of its input, "x" */
export function ownNetwork(
  outputs: (parts: OwnParts) => void = threeMaps,
  shape: Shape = ["batch", 3, 64, 64],
): Uint8Array {
  const g = new Graph();
  const image = g.input("x", shape);
  const a = stage(g, stage(g, image, 3, 8), 8, 8);
  const b = stage(g, a, 8, 16);
  const c = stage(g, b, 16, 24);
  outputs({ g, image, a, b, c });
  return serialize(g);
}

/** Its three maps, coarsest first, and the logits of a classifier. */
export const threeMaps = ({ g, a, b, c }: OwnParts) => {
  g.output("c", c);
  g.output("a", a);
  g.output("b", b);
  g.output("logits", op.sum(g, c, [2, 3], false));
};

/** The network with its parts changed as no builder of ours would. */
export function changed(network: Uint8Array, change: (model: ModelProto) => void): Uint8Array {
  const model = fromBinary(ModelProtoSchema, network);
  change(model);
  return toBinary(ModelProtoSchema, model);
}

/** The dimensions of its input. */
export function inputDims(model: ModelProto): TensorShapeProto_Dimension[] {
  return inputTensor(model).shape!.dim;
}

export function inputTensor(model: ModelProto) {
  const { value } = model.graph!.input[0]!.type!;
  if (value.case !== "tensorType") throw new Error("no tensor");
  return value.value;
}

/** Height and width may vary. */
export const anySize = (model: ModelProto) => {
  for (const dim of inputDims(model).slice(2)) dim.value = { case: "dimParam", value: "side" };
};
