import { createHash } from "node:crypto";
import type { Manifest } from "./manifest.js";

/** Names of the networks inside a `.uflow` file. */
export const flowEntry = "flow.onnx";
export const backboneEntry = "backbone.onnx";
/** The flow's parameters as numbers, from which its network was built. Files of the first engines have none. */
export const parametersEntry = "flow.safetensors";

/** Where nothing is ever reported, as a picture. Only in models that were trained or calibrated with such a mask. */
export const ignoreEntry = "ignore.png";

/** A trained model in memory: the manifest and its two networks as ONNX. */
export interface Model {
  manifest: Manifest;
  backbone: Uint8Array;
  flow: Uint8Array;
  /** The PNG, where the manifest's `ignore` has a mask. */
  ignoreMask?: Uint8Array | undefined;
  /** SHA-256 of the whole file, in hexadecimal digits. */
  sha256: string;
  /** The folder of the backbone's weights file, where the manifest names one and it was looked for. */
  weightsFolder?: string | undefined;
}

/** What tells backbones apart: models with the same sum have the same backbone, byte for byte. */
export const backboneSum = ({ manifest }: Model) => manifest.entries[backboneEntry]!.sha256;

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
