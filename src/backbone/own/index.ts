import { readFile } from "node:fs/promises";
import { UflowError } from "../../error.js";
import type { StoredBackbone } from "../../weights/store/index.js";
import type { Backbone } from "../index.js";
import { ownNetworkOf } from "./description.js";
import { adaptedNetwork, parseNetwork } from "./network.js";

/**
 * A backbone of the user's own, as `importBackbone` has stored it.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when the store says nothing of how it is used.
 */
export function ownBackbone({ name, files, metadata }: StoredBackbone): Backbone {
  const own = ownNetworkOf(metadata);
  const [file] = files;
  if (!own || file?.kind !== "onnx") {
    throw new UflowError(
      "ERR_UFLOW_BAD_WEIGHTS",
      `The store does not say how the backbone "${name}" is used; import it again: uflow backbone import FILE.onnx --as ${name}`,
    );
  }
  const { strides, channels, preprocessing } = own;
  return {
    name,
    strides,
    channels,
    defaultInputSize: own.inputSize,
    ...(own.fixedInputSize && { fixedInputSize: own.inputSize }),
    preprocessing,
    normalization: "standard",
    network: async (inputSize) =>
      adaptedNetwork(parseNetwork(file.source, await readFile(file.path)), own, inputSize),
  };
}
