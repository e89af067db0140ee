import { z } from "zod";
import { type Normalization, normalizations } from "../backbone/features.js";
import type { BackboneName } from "../backbone/index.js";
import { type LayoutName, layoutSchema } from "../image/datasets/index.js";
import { parseOptions } from "../options.js";

/** Options of `train()`; every one is checked, and all that are wrong are named at once. */
export interface TrainOptions {
  /**
   * Folder of one product: MVTec-AD layout (`train/good/*`), a folder with only images, all of them good, or another of
   * docs/datasets.md; or a CSV list.
   */
  data: string;
  /** How `data` is laid out. Default `auto`. */
  layout?: LayoutName | "auto";
  /** Path of the `.uflow` file to write. A file that is there is replaced only by a complete new one. */
  output: string;
  /**
   * Default `mobile`. The weights of all others are taken from the store (see `openStore`), where they must be; a name of
   * your own stands for a network that was imported under it.
   */
  backbone?: BackboneName | (string & {});
  /**
   * Side to which images are resized, pixels: a multiple of the backbone's coarsest stride, 16 for most. Default: 256, or
   * the backbone's only one (448 for `mcait`). Time and memory grow with its square.
   */
  inputSize?: number;
  /** Flow steps per scale, 1 … 16. Default 4, as in the paper. */
  flowSteps?: number;
  /**
   * How feature maps are normalised before the flow: `standard` over channels, height and width together; `layer` with
   * a trainable weight and bias after that, as the Python reference does for ResNets; `none`. Default: the backbone's,
   * `standard` for `mobile`. docs/results.md says why.
   */
  normalization?: Normalization;
  /** Passes over the images. Default 60. */
  epochs?: number;
  /** Images per training step. Default 4. The last batch of an epoch may be smaller; no image is left out. */
  batchSize?: number;
  /** Adam's rate at the start; it falls linearly to 0.4 of it. Default 0.004. */
  learningRate?: number;
  /** L2 penalty added to the gradient. Default 1e-5. */
  weightDecay?: number;
  /** Seed of weights, permutations and order of images. The same seed on the same machine gives the same file. Default 0. */
  seed?: number;
  /** CPU threads of the networks; 0 (default) is one per physical core. */
  threads?: number;
  /** Stops the training; nothing is written then. */
  signal?: AbortSignal;
  /** Called after every image whose features were computed and after every training step. */
  onProgress?: (progress: TrainProgress) => void;
}

export interface TrainProgress {
  phase: "features" | "training";
  /** Images whose features are computed, or training steps done. */
  done: number;
  total: number;
  /** While training: from 1. */
  epoch: number;
  epochs: number;
  /** While training: mean loss of the epoch so far, negative log-likelihood per image in nats (without its constant). */
  loss: number | null;
  /** Estimated from the pace so far. */
  secondsLeft: number | null;
}

const trainSchema = z.strictObject({
  data: z.string().min(1),
  layout: layoutSchema,
  output: z.string().min(1),
  backbone: z.string().default("mobile"),
  inputSize: z.int().min(32).max(2048).optional(),
  flowSteps: z.int().min(1).max(16).default(4),
  normalization: z.enum(normalizations).optional(),
  epochs: z.int().min(1).max(100_000).default(60),
  batchSize: z.int().min(1).max(1024).default(4),
  learningRate: z.number().positive().max(1).default(0.004),
  weightDecay: z.number().min(0).max(1).default(1e-5),
  seed: z.int().min(0).max(0xffffffff).default(0),
  threads: z.int().min(0).max(1024).default(0),
  signal: z.instanceof(AbortSignal).optional(),
  onProgress: z.custom<TrainOptions["onProgress"]>((value) => typeof value === "function").optional(),
});

export type CheckedTrainOptions = z.infer<typeof trainSchema>;

/** @param backbones the names of those that there are */
export function checkTrainOptions(options: TrainOptions, backbones: readonly string[]): CheckedTrainOptions {
  const schema = trainSchema.extend({ backbone: z.enum(backbones).default("mobile") });
  return parseOptions("train", schema, options);
}
