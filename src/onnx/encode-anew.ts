import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type GraphProto, type ModelProto, ModelProtoSchema } from "onnx-buf";

/** Numbers of fields in the ONNX format. */
const graphField = 7;
const initializerField = 5;

/**
 * A network with another graph but the same constants, and further ones. The constants, which are nearly all of it, are
 * copied as they stand: encoding them takes a second per 100 MB.
 * @param network the bytes that `model` was decoded from
 * @param graph its graph, with further constants only
 */
export function encodeAnew(network: Uint8Array, model: ModelProto, graph: GraphProto): Uint8Array {
  const rest = toBinary(ModelProtoSchema, create(ModelProtoSchema, { ...model, graph }));
  const constants = constantsIn(network);
  const bytes = constants.reduce((sum, { length }) => sum + length, 0);
  // Two messages in place of one are the format's way to say that they are to be merged.
  const head = new BinaryWriter().tag(graphField, WireType.LengthDelimited).uint32(bytes).finish();
  return Buffer.concat([rest, head, ...constants]);
}

/** The constants of the graph, each with the tag before it. */
function constantsIn(network: Uint8Array): Uint8Array[] {
  const reader = new BinaryReader(network);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field !== graphField) {
      reader.skip(type, field);
      continue;
    }
    const end = reader.uint32() + reader.pos;
    while (reader.pos < end) {
      const start = reader.pos;
      const [inner, innerType] = reader.tag();
      reader.skip(innerType, inner);
      if (inner === initializerField) found.push(network.subarray(start, reader.pos));
    }
  }
  return found;
}
