import { z } from "zod";
import { type BuildOptions, buildShape } from "../backbone/building.js";
import type { EvaluateOptions, EvaluateProgress } from "../evaluate/index.js";
import { type LayoutName, layoutSchema } from "../image/datasets/index.js";
import { parseOptions } from "../options.js";
import type { TrainOptions, TrainProgress } from "../train/index.js";

/** Options of `evaluateAll()`. */
export interface StudyOptions {
  /** Folder of a data set: one folder per category, or one category. */
  data: string;
  /** How it is laid out, docs/datasets.md. Default `auto`. */
  layout?: LayoutName | "auto";
  /**
   * Folder for the results: `<category>/seed-<n>/` with the model and its evaluation, and `summary.md`, `.csv` and `.json`.
   * What an earlier, interrupted study with the same settings has finished there is taken over.
   */
  output: string;
  /** A model is trained with each of them, for every category. Default [0]. */
  seeds?: readonly number[];
  /** How to train; the defaults are those of `train()`. */
  training?: Omit<
    TrainOptions,
    "data" | "layout" | "output" | "seed" | "signal" | "onNetwork" | "onProgress"
  >;
  /** How to evaluate; the defaults are those of `evaluate()`. */
  evaluation?: Omit<
    EvaluateOptions,
    "model" | "data" | "layout" | "output" | "signal" | "onNetwork" | "onProgress"
  >;
  /** Stops the study; what is finished stays. */
  signal?: AbortSignal;
  /** As for `train()` and `evaluate()`. */
  onNetwork?: BuildOptions["onNetwork"];
  onProgress?: (progress: StudyProgress) => void;
}

export interface StudyProgress {
  category: string;
  seed: number;
  /** Which of all runs, from 1; a run is one category with one seed. */
  run: number;
  runs: number;
  /** `kept`: an earlier study had finished it. */
  phase: "kept" | "training" | "evaluation" | "finished" | "failed";
  /** Of the phase `training` and `evaluation`. */
  step?: TrainProgress | EvaluateProgress;
  /** Of the phase `failed`. */
  message?: string;
}

const studySchema = z.strictObject({
  data: z.string().min(1),
  layout: layoutSchema,
  output: z.string().min(1),
  seeds: z
    .array(z.int().min(0).max(0xffffffff))
    .min(1)
    .refine((seeds) => new Set(seeds).size === seeds.length, "expected every seed once")
    .default([0]),
  training: z.looseObject({}).default({}),
  evaluation: z.looseObject({}).default({}),
  ...buildShape,
  onProgress: z.custom<StudyOptions["onProgress"]>((value) => typeof value === "function").optional(),
});

export type CheckedStudyOptions = z.infer<typeof studySchema>;

/** Of this study only: what it passes on is checked by those who get it. @throws UflowError ERR_UFLOW_BAD_OPTION */
export function checkStudyOptions(options: StudyOptions): CheckedStudyOptions {
  return parseOptions("evaluateAll", studySchema, options);
}
