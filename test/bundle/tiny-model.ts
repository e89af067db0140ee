import type { Manifest } from "#uflow/bundle/manifest.js";
import { sha256 } from "#uflow/bundle/model.js";

const backbone = Uint8Array.from({ length: 700 }, (_, i) => (i * 7) % 256);
const flow = Uint8Array.from({ length: 900 }, (_, i) => (i * 11) % 256);
const scale = { channels: 4, height: 8, width: 8 };

const described = {
  format: "uflow" as const,
  formatVersion: 1 as const,
  engine: "0.0.0",
  backbone: { name: "mobile", sha256: sha256(backbone) },
  inputSize: 32,
  mapSize: 32,
  scales: [scale],
  strides: [4],
  latents: [scale],
  flowSteps: 2,
  normalization: "layer" as const,
  preprocessing: { mean: [0, 0, 0] as [number, number, number], std: [1, 1, 1] as [number, number, number] },
  training: {
    images: 3,
    epochs: 1,
    batchSize: 2,
    learningRate: 0.001,
    weightDecay: 0,
    seed: 0,
    losses: [12.5],
  },
  metrics: {},
} satisfies Omit<Manifest, "entries">;

/** A model whose networks are no networks: a `.uflow` file keeps bytes. */
export const tinyModel = { manifest: described, backbone, flow };

/** Its manifest with the sums of its entries. */
export const sealedManifest: Manifest = {
  ...described,
  entries: {
    "backbone.onnx": { bytes: backbone.length, sha256: sha256(backbone) },
    "flow.onnx": { bytes: flow.length, sha256: sha256(flow) },
  },
};
