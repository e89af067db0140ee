import { z } from "zod";
import { calibrationSchema } from "../a-contrario/calibration.js";
import { areaSchema, polygonsSchema, tilingSchema } from "../areas/schemas.js";
import { normalizations } from "../backbone/features.js";
import { rateSchedules } from "./rate-schedules.js";

/** The version of the `.uflow` format that this engine writes, and the newest that it reads. */
export const formatVersion = 1;

/** Bytes of a manifest at most: beyond it a file is not read, and not written. */
export const manifestLimit = 16 * 2 ** 20;

const size = z.int().positive().max(16384);
const scale = z.strictObject({ channels: size, height: size, width: size });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const triple = z.tuple([z.number(), z.number(), z.number()]);

/** A backbone's weights that are too large for the file: each machine makes them of the same sources. */
const weightsSchema = z.strictObject({
  /** The file that `backbone.onnx` names; a part of its own SHA-256 is in the name. */
  file: z.string().regex(/^[a-z0-9_]+-[0-9a-f]{32}\.weights$/),
  bytes: z.int().positive(),
  /** SHA-256 of the files that it is made of, in their order. */
  sources: z.array(sha256).min(1),
});

/** The mean loss of the held-out images at the end of an epoch, nats per image. */
export const heldOutLossSchema = z.strictObject({ epoch: z.int().positive(), loss: z.number() });

/**
 * That a training went back to the end of an epoch, and on from there with another rate. `spike`: the loss rose far above
 * its level; `not finite`: the loss or a parameter; `resumed`: it was resumed with another rate than before.
 */
export const recoverySchema = z.strictObject({
  /** 0: to the beginning. */
  epoch: z.int().nonnegative(),
  reason: z.enum(["spike", "not finite", "resumed"]),
  learningRate: z.number().positive(),
});

/** How a model was trained: what is needed to train it again. Files of before have the first seven only. */
export const trainingSchema = z.strictObject({
  /** Images learned from. */
  images: z.int().positive(),
  /** Marks of their files, base64: src/bundle/learned-from.ts. */
  learnedFrom: z.base64().optional(),
  /** As planned; fewer were done where `losses` are fewer. */
  epochs: z.int().positive(),
  batchSize: z.int().positive(),
  learningRate: z.number().positive(),
  weightDecay: z.number().nonnegative(),
  seed: z.int().nonnegative(),
  /** Standard deviation of the noise that the normalised features were mixed with, where there was any. */
  featureNoise: z.number().positive().optional(),
  /** The variants of the images that were learned from, too; `Augmentation` in src/train. */
  augment: z.record(z.string(), z.union([z.boolean(), z.number(), z.string()])).optional(),
  /** How features were rounded before the flow saw them, if they were. */
  cachePrecision: z.literal("float16").optional(),
  /** Mean loss of each epoch: negative log-likelihood per image, nats. */
  losses: z.array(z.number()),
  schedule: z.enum(rateSchedules).optional(),
  /** Good images that were not learned from. */
  heldOut: z
    .strictObject({
      images: z.int().positive(),
      losses: z.array(heldOutLossSchema),
      /** Checks without a lower loss after which the training was to end; 0: it was not. */
      patience: z.int().nonnegative(),
    })
    .optional(),
  /** The epoch after which the parameters are the model's: of the least held-out loss, or the last. */
  chosenEpoch: z.int().positive().optional(),
  recoveries: z.array(recoverySchema).optional(),
});

/** Where a model that was trained elsewhere came from. */
const originSchema = z.strictObject({
  /** Name of the file, without its folder. */
  file: z.string().min(1),
  sha256,
});

/** `manifest.json`: what a `.uflow` file holds and how to use it. */
export const manifestSchema = z.strictObject({
  format: z.literal("uflow"),
  formatVersion: z.literal(formatVersion),
  /** Version of the engine that wrote the file. */
  engine: z.string(),
  backbone: z.strictObject({ name: z.string().min(1), sha256, weights: weightsSchema.optional() }),
  /** Side of the square image that the network sees, pixels. */
  inputSize: size,
  /** Side of the maps that an inspection yields (of each tile, where there are several), pixels. */
  mapSize: size,
  /** The only part of images that is looked at, pixels of the original image. Absent: all of it. */
  region: areaSchema.optional(),
  /** How what is looked at is cut into tiles, each of which the network sees at `inputSize`. Absent: it is one picture. */
  tiling: tilingSchema.optional(),
  /** Where nothing is ever reported, pixels of the original image; with a mask, where `ignore.png` is white too. */
  ignore: z.strictObject({ polygons: polygonsSchema, mask: z.boolean() }).optional(),
  /** Feature maps of the backbone, finest first. */
  scales: z.array(scale).min(1).max(8),
  /** Input pixels per pixel of each feature map. */
  strides: z.array(size).min(1).max(8),
  /** Latents of the flow, finest first; `channels` are the degrees of freedom of their energy. */
  latents: z.array(scale).min(1).max(8),
  flowSteps: z.int().positive(),
  normalization: z.enum(normalizations),
  preprocessing: z.strictObject({ mean: triple, std: triple }),
  /** Of a model that was trained by this engine. */
  training: trainingSchema.optional(),
  /** Of a model that was imported: the checkpoint of the Python reference. */
  imported: originSchema.optional(),
  /** What good images that were not trained on say: of a model that was calibrated. */
  calibration: calibrationSchema.optional(),
  metrics: z.record(z.string(), z.number().nullable()),
  /** Every other entry of the file. */
  entries: z.record(z.string(), z.strictObject({ bytes: z.int().nonnegative(), sha256 })),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type BackboneWeights = z.infer<typeof weightsSchema>;
export type TrainingSummary = z.infer<typeof trainingSchema>;
export type HeldOutLoss = z.infer<typeof heldOutLossSchema>;
export type Recovery = z.infer<typeof recoverySchema>;
