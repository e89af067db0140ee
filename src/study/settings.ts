import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { relative } from "node:path";
import { type IgnoreOptions, readIgnored } from "../areas/ignore.js";
import { allBackboneNames, findBackbone, openBackboneStore } from "../backbone/stored.js";
import { concurrently } from "../concurrently.js";
import { checkEvaluateOptions } from "../evaluate/options.js";
import type { Dataset } from "../image/datasets/index.js";
import { maskPaths } from "../image/mask.js";
import { fileSum } from "../input/file-sum.js";
import { checkTrainOptions, type TrainOptions, withPreset } from "../train/options.js";
import { presetOf } from "../train/presets.js";
import { engineVersion } from "../version.js";
import type { CheckedStudyOptions } from "./options.js";

/** All that the results of a study depend on, apart from seed and images. */
export type Settings = Record<string, unknown>;

/**
 * The settings with all defaults filled in, checked before any work. A mask of what is ignored is known by the sum of its file.
 * @throws UflowError ERR_UFLOW_BAD_OPTION naming what is wrong; ERR_UFLOW_BAD_WEIGHTS when those of the backbone are not there;
 * ERR_UFLOW_BAD_IMAGE when such a mask cannot be read.
 */
export async function settingsOf({
  data,
  output,
  training,
  evaluation,
}: CheckedStudyOptions): Promise<Settings> {
  const store = openBackboneStore();
  const asked = { ...training, data, output } as TrainOptions;
  const { backbone, ...train } = checkTrainOptions(asked, await allBackboneNames(store));
  const evaluate = checkEvaluateOptions({ ...evaluation, data, model: "to be trained" });
  const { stored } = await findBackbone(backbone, store);
  return {
    engine: engineVersion,
    backbone: { name: backbone, files: stored?.files.map(({ sha256 }) => sha256) ?? [] },
    train: await withoutPlaces(withPreset(train, presetOf(backbone))),
    evaluate: await withoutPlaces(evaluate),
  };
}

/** Where things lie, what listens to them and what keeps them changes no result. */
async function withoutPlaces(options: { ignore?: IgnoreOptions | null | undefined }): Promise<object> {
  const places = ["data", "layout", "output", "model", "seed", "signal", "onNetwork", "onProgress"];
  const means = ["tensorboard", "cacheFolder", "checkpointEvery", "resume", "curves"];
  const { ignore } = options;
  const known = ignore?.mask ? { ...options, ignore: await withMaskSum(ignore) } : options;
  return Object.fromEntries(Object.entries(known).filter(([name]) => ![...places, ...means].includes(name)));
}

async function withMaskSum({ mask, ...others }: IgnoreOptions): Promise<object> {
  await readIgnored({ mask });
  return { ...others, mask: await fileSum(mask!) };
}

/**
 * What a run is known by: the SHA-256 of its settings, its seed and its images. Of the images count their places in the
 * category, their part, their kind and the lengths of the files; the files are not read.
 */
export async function keyOf(
  settings: Settings,
  category: string,
  dataset: Dataset,
): Promise<(seed: number) => string> {
  const images = await fingerprint(category, dataset);
  return (seed) => sha256(JSON.stringify(inOrder({ ...settings, seed, images })));
}

async function fingerprint(
  category: string,
  { layout, train, validation = [], test, others = [] }: Dataset,
): Promise<string> {
  const parts: [part: string, path: string][] = [
    ...others.map((path): [string, string] => ["other", path]),
    ...train.map((path): [string, string] => ["train", path]),
    ...validation.map((path): [string, string] => ["validation", path]),
    ...test.flatMap(({ path, defect, mask }): [string, string][] => [
      [`test ${defect}`, path],
      ...(mask === undefined ? [] : maskPaths(mask).map((file): [string, string] => ["mask", file])),
    ]),
  ];
  const lines = await concurrently(parts, 16, async ([part, path]) => {
    const size = await stat(path).then(
      (entry) => entry.size,
      () => "missing",
    );
    return `${part}\0${relative(category, path)}\0${size}`;
  });
  return sha256([layout, ...lines].join("\n"));
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** The same object with the names of all objects in it in order, so that it is always written alike. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, inOrder(each)]));
}
