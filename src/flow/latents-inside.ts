import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  NodeProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { messageOf, UflowError } from "../error.js";
import { squaresInside } from "./exceedance-network.js";

/** The outputs that `withLatents` adds, by scale; 0 is the finest. */
export const latentName = (scale: number) => `latent_${scale}`;
export const isLatent = (output: string) => output.startsWith("latent_");

/**
 * A flow's network that yields its latents [batch, channels, height, width] as well. They are what it squares and sums.
 * Cost: it is decoded and encoded once.
 * @throws UflowError ERR_UFLOW_NETWORK when it cannot be decoded or sums no squares.
 */
export function withLatents(flow: Uint8Array, scales: number): Uint8Array<ArrayBuffer> {
  const model = decode(flow);
  const graph = model.graph!;
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node])));
  Object.values(squaresInside(graph, scales)).forEach((square, scale) => {
    const [z, name] = [makers.get(square)!.input[0]!, latentName(scale)];
    graph.node.push(create(NodeProtoSchema, { name, opType: "Identity", input: [z], output: [name] }));
    const type = { value: { case: "tensorType" as const, value: { elemType: DataType.FLOAT } } };
    graph.output.push(create(ValueInfoProtoSchema, { name, type }));
  });
  return toBinary(ModelProtoSchema, model);
}

function decode(flow: Uint8Array) {
  let reason = "it has no graph";
  try {
    const model = fromBinary(ModelProtoSchema, flow);
    if (model.graph) return model;
  } catch (error) {
    reason = messageOf(error);
  }
  throw new UflowError(
    "ERR_UFLOW_NETWORK",
    `Cannot read the latents of flow.onnx: it cannot be decoded (${reason}): the model file was not written by this engine; train it again`,
  );
}
