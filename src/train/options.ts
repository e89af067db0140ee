import { z } from "zod";
import type { IgnoreOptions } from "../areas/ignore.js";
import { areaSchema, ignoreSchema, tilingSchema } from "../areas/schemas.js";
import type { Tiling } from "../areas/tiling.js";
import { type BuildOptions, buildShape } from "../backbone/building.js";
import { type Normalization, normalizations } from "../backbone/features.js";
import type { BackboneName } from "../backbone/index.js";
import type { Recovery } from "../bundle/manifest.js";
import { type RateSchedule, rateSchedules } from "../bundle/rate-schedules.js";
import type { Area } from "../image/area.js";
import { type LayoutName, layoutSchema } from "../image/datasets/index.js";
import { parseOptions } from "../options.js";
import { type Augmentation, augmentationSchema } from "./augmentation.js";
import { type CachePrecision, cachePrecisions } from "./feature-records.js";
import type { Preset } from "./presets.js";

/** Fewer good images than this teach nothing about how good parts vary. */
export const fewestImages = 2;

/** Options of `train()`; every one is checked, and all that are wrong are named at once. */
export interface TrainOptions extends Pick<BuildOptions, "onNetwork"> {
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
   * Default `mobile`; `mobile4` is the same with a fourth, coarser scale, for defects that are broad. The weights of all others
   * are taken from the store (see `openStore`), where they must be; a name of your own stands for a network that was imported
   * under it.
   */
  backbone?: BackboneName | (string & {});
  /**
   * Side to which images are resized, pixels: a multiple of the backbone's coarsest stride, 16 for most, 32 for `mobile4`.
   * Default: 256, or the backbone's only one (448 for `mcait`). Time and memory grow with its square.
   */
  inputSize?: number;
  /**
   * The only part of the images that is looked at, now and at inspection: pixels of the original images, each of which must
   * contain it. Default: all of them.
   */
  region?: Area | undefined;
  /**
   * Cuts images (or their region) into overlapping squares of this side, pixels of the original images, 16 … 1 000 000; the
   * network sees each at `inputSize`. For defects that would be lost when the whole is resized to that. Time and memory grow
   * with the number of tiles. Default: the whole is one picture.
   */
  tileSize?: number | undefined;
  /** Of a tile with the next, pixels of the original images, up to half of `tileSize`. Default: a quarter. */
  tileOverlap?: number | undefined;
  /**
   * Where nothing is ever reported: polygons and a mask in pixels of the original images, kept in the model. It is learned
   * from all the same, but says nothing of the held-out images' energies. Default: nowhere.
   */
  ignore?: IgnoreOptions | undefined;
  /** Flow steps per scale, 1 … 16. Default 4, as in the paper. */
  flowSteps?: number;
  /**
   * How feature maps are normalised before the flow: `standard` over channels, height and width together; `whitened`, with
   * a fixed matrix after that, which makes the channels of what is learned from uncorrelated; `layer`, with a trainable weight
   * and bias instead, as the Python reference does for ResNets; `none`. Default: the backbone's, `whitened` for the embedded
   * ones, but `standard` where no images are held out to calibrate the model. docs/results.md says why.
   */
  normalization?: Normalization;
  /**
   * Passes over the images. Default: 60 with the embedded backbones and networks of one's own, else 200. The held-out images
   * may end the training earlier.
   */
  epochs?: number;
  /**
   * Images per training step. Default: 4, for `resnet18` and `mcait` 8. The last batch of an epoch may be smaller; no
   * image is left out.
   */
  batchSize?: number;
  /** Adam's full rate. Default: 0.004 with embedded backbones and networks of one's own, 0.001 with `resnet18`, else 2e-4. */
  learningRate?: number;
  /** How the rate falls: `linear`, to 0.4 of it; `cosine`, after a short rise, to 0.01 of it. Default: `linear`. */
  schedule?: RateSchedule;
  /**
   * Part of the good images that is not learned from, 0 … 0.5, drawn by the seed; at least two. Their likelihood chooses
   * the epoch whose parameters become the model and can end the training, and their energies calibrate the test. Default:
   * 0.2, and 0 (none) where there are fewer than ten images.
   */
  heldOut?: number;
  /** Epochs from one look at the held-out images to the next. Default: as many as make it cost less than 5 % of the time. */
  validateEvery?: number;
  /** Looks without a better likelihood after which the training ends; 0: never before its last epoch. Default 5. */
  patience?: number;
  /** L2 penalty added to the gradient. Default 1e-5. */
  weightDecay?: number;
  /**
   * Standard deviation σ of the noise that the normalised features x are mixed with in each training step, √(1 − σ²)·x + noise,
   * 0 … 0.9: the flow then learns a smoother density, which knows unseen good parts better. With `normalization` "none" σ is in
   * the features' own units. Default: 0.35 with the embedded backbones and networks of one's own, else 0. docs/results.md says why.
   */
  featureNoise?: number;
  /** Seed of weights, permutations and order of images. The same seed on the same machine gives the same file. Default 0. */
  seed?: number;
  /** CPU threads of the networks; 0 (default) is one per physical core. */
  threads?: number;
  /**
   * Epochs from one checkpoint to the next, which is a file beside the output, `OUTPUT.training`, and is removed when the
   * model is written; 0: none. Default 5. It takes 16 bytes per parameter of the flow, 4 MB for `mobile`, and reading all
   * images once more before the work. One that cannot be written is told and does not end the training.
   */
  checkpointEvery?: number;
  /**
   * Goes on from the checkpoint of a training that was interrupted, or begins where there is none. The model becomes the
   * same, byte for byte, as without the interruption (on the CPU, with as many threads). Images and options must be the
   * same; only the learning rate may be another from then on. Default false: an old checkpoint is replaced.
   */
  resume?: boolean;
  /** Variants of the good images to learn from, too. Default: none. */
  augment?: Augmentation;
  /**
   * A folder with room for the features of all images, which are computed once. Default: memory where they fit, else the
   * system's temporary folder. The file has no name and is gone with the process.
   */
  cacheFolder?: string;
  /** `float16` halves the room that the features take, and rounds them to 11 bits. Default: float32. */
  cachePrecision?: CachePrecision;
  /**
   * Folder for an event file of TensorBoard: losses, gradient norm and rate of every epoch. A new file each time. Default:
   * none is written.
   */
  tensorboard?: string;
  /** Stops the training; the model is not written then, the checkpoint stays. */
  signal?: AbortSignal;
  /** Called after every picture whose features were computed, after every training step, and with every notice. */
  onProgress?: (progress: TrainProgress) => void;
}

export interface TrainProgress {
  phase: "features" | "training";
  /** Pictures (images and their variants) whose features are computed, or training steps done. */
  done: number;
  total: number;
  /** While training: from 1. */
  epoch: number;
  epochs: number;
  /** Whether this step was the last of its epoch: all means are then those of the epoch. */
  epochDone: boolean;
  /** While training: mean loss of the epoch so far, negative log-likelihood per image in nats (without its constant). */
  loss: number | null;
  /** While training: mean Euclidean norm of the gradient in the epoch so far. */
  gradientNorm: number | null;
  /** While training: the learning rate of this step. */
  rate: number | null;
  /** The latest loss of the held-out images, and the epoch at whose end it was computed. */
  heldOut: { epoch: number; loss: number } | null;
  /** The epoch with the least loss of the held-out images so far. */
  bestEpoch: number | null;
  /** Where it has gone back, to go on with another rate. */
  recoveries: readonly Recovery[];
  /** What should be known and was decided now: that it went back, where it was resumed, a checkpoint that was not written. */
  notice?: string;
  /** Estimated from the pace so far, for all epochs. */
  secondsLeft: number | null;
}

const trainSchema = z.strictObject({
  data: z.string().min(1),
  layout: layoutSchema,
  output: z.string().min(1),
  backbone: z.string().default("mobile"),
  inputSize: z.int().min(32).max(2048).optional(),
  region: areaSchema.optional(),
  tileSize: tilingSchema.shape.size.optional(),
  tileOverlap: tilingSchema.shape.overlap.optional(),
  ignore: ignoreSchema.optional(),
  flowSteps: z.int().min(1).max(16).default(4),
  normalization: z.enum(normalizations).optional(),
  epochs: z.int().min(1).max(100_000).optional(),
  batchSize: z.int().min(1).max(1024).optional(),
  learningRate: z.number().positive().max(1).optional(),
  schedule: z.enum(rateSchedules).optional(),
  heldOut: z.number().min(0).max(0.5).optional(),
  validateEvery: z.int().min(1).max(100_000).optional(),
  patience: z.int().min(0).max(100_000).default(5),
  weightDecay: z.number().min(0).max(1).default(1e-5),
  featureNoise: z.number().min(0).max(0.9).optional(),
  seed: z.int().min(0).max(0xffffffff).default(0),
  threads: z.int().min(0).max(1024).default(0),
  checkpointEvery: z.int().min(0).max(100_000).default(5),
  resume: z.boolean().default(false),
  augment: augmentationSchema.optional(),
  cacheFolder: z.string().min(1).optional(),
  cachePrecision: z.enum(cachePrecisions).optional(),
  tensorboard: z.string().min(1).optional(),
  ...buildShape,
  onProgress: z.custom<TrainOptions["onProgress"]>((value) => typeof value === "function").optional(),
});

export type CheckedTrainOptions = z.infer<typeof trainSchema>;

/** The options with what the backbone's preset says where nothing was given. */
export function withPreset<T extends { [K in keyof Preset]?: Preset[K] | undefined }>(
  options: T,
  preset: Preset,
): Omit<T, keyof Preset> & Preset {
  const { epochs, batchSize, learningRate, schedule, featureNoise } = options;
  return {
    ...options,
    epochs: epochs ?? preset.epochs,
    batchSize: batchSize ?? preset.batchSize,
    learningRate: learningRate ?? preset.learningRate,
    schedule: schedule ?? preset.schedule,
    featureNoise: featureNoise ?? preset.featureNoise,
  };
}

/** The tiles that are meant; undefined where the whole is one picture. */
export function tilingOf({
  tileSize: size,
  tileOverlap,
}: Pick<CheckedTrainOptions, "tileSize" | "tileOverlap">): Tiling | undefined {
  return size === undefined ? undefined : { size, overlap: tileOverlap ?? Math.floor(size / 4) };
}

/** @param backbones the names of those that there are */
export function checkTrainOptions(options: TrainOptions, backbones: readonly string[]): CheckedTrainOptions {
  const schema = trainSchema
    .extend({ backbone: z.enum(backbones).default("mobile") })
    .refine(({ tileSize = 0, tileOverlap = 0 }) => 2 * tileOverlap <= tileSize, {
      path: ["tileOverlap"],
      error: "expected at most half of tileSize",
    });
  return parseOptions("train", schema, options);
}
