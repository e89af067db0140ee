import { resolve } from "node:path";
import { z } from "zod";
import { concurrently } from "../../concurrently.js";
import { UflowError } from "../../error.js";
import { parseOptions } from "../../options.js";
import type { ImageHeader } from "../decode.js";
import { maskPaths } from "../mask.js";
import { shapeWarnings } from "../shapes.js";
import { findDark } from "./dark.js";
import { type Dataset, goodKind, type LayoutName, type TestImage } from "./dataset.js";
import { findCopies, findLeakage } from "./duplicates.js";
import { type Category, findCategories, layoutSchema, readDataset } from "./index.js";
import { findLeftover } from "./leftover.js";
import { type Look, lookAt, type SeenFile } from "./look.js";
import { type Problem, problem } from "./problems.js";

export type { Problem, ProblemKind } from "./problems.js";

export interface SurveyOptions {
  /** Default `auto`. */
  layout?: LayoutName | "auto";
  /** Decodes every image and mask to its end, as training and evaluation will; else headers are read. Default false. */
  deep?: boolean;
  /** Ends the survey. */
  signal?: AbortSignal;
  /** Called after every file. */
  onProgress?: (progress: SurveyProgress) => void;
}

export interface SurveyProgress {
  category: string;
  done: number;
  total: number;
}

/** What a data set holds. Plain data. */
export interface Survey {
  data: string;
  categories: CategorySurvey[];
  /** No problem is an error. */
  usable: boolean;
}

export interface CategorySurvey extends Category {
  images: { train: number; validation: number; good: number; defective: number };
  /** Per kind of defect. */
  defects: { kind: string; images: number; masks: number }[];
  /** Sizes that occur, the most frequent first. */
  sizes: { width: number; height: number; images: number }[];
  /** Kinds of file that occur, as "png, 3 × 8 bits", the most frequent first. */
  modes: { mode: string; images: number }[];
  problems: Problem[];
}

const surveySchema = z.strictObject({
  layout: layoutSchema,
  deep: z.boolean().default(false),
  signal: z.instanceof(AbortSignal).optional(),
  onProgress: z.custom<SurveyOptions["onProgress"]>((value) => typeof value === "function").optional(),
});

type CheckedOptions = z.infer<typeof surveySchema>;

/**
 * Looks at all files of a data set, of one category or of all in a folder, and lists what is wrong with them; nothing
 * that is wrong ends it. A millisecond or two per image without `deep`.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_DATASET when the folder holds no category, ERR_UFLOW_ABORTED.
 */
export async function surveyDataset(data: string, options: SurveyOptions = {}): Promise<Survey> {
  const checked = parseOptions("the survey", surveySchema, options);
  const categories: CategorySurvey[] = [];
  for (const category of await findCategories(data, { layout: checked.layout })) {
    categories.push(await surveyCategory(category, checked));
  }
  const usable = categories.every(({ problems }) => problems.every(({ severity }) => severity !== "error"));
  return { data, categories, usable };
}

async function surveyCategory(category: Category, options: CheckedOptions): Promise<CategorySurvey> {
  const dataset = await listed(category);
  if (dataset instanceof UflowError) return unlisted(category, dataset);
  const { train, validation = [], test } = dataset;
  const good = [...train, ...validation].map((path): TestImage => ({ path, defect: goodKind }));
  const looks = await look(category.name, [...good, ...test], options);
  const headers = looks.flatMap(({ header }) => header ?? []);
  const defective = test.filter(({ defect }) => defect !== goodKind);
  return {
    ...category,
    images: {
      train: train.length,
      validation: validation.length,
      good: test.length - defective.length,
      defective: defective.length,
    },
    defects: countDefects(defective),
    sizes: counted(headers.map(({ width, height }) => `${width} ${height}`)).map(([size, images]) => {
      const [width, height] = size.split(" ").map(Number);
      return { width: width!, height: height!, images };
    }),
    modes: counted(headers.map(modeOf)).map(([mode, images]) => ({ mode, images })),
    problems: [
      ...tooFew(category, dataset),
      ...looks.flatMap(({ problems }) => problems),
      ...(await sameFiles(
        looks.map(({ file }) => file),
        good.length,
      )),
      ...(await dark(looks)),
      ...shapes(category, headers),
      ...(await leftovers(category, dataset)),
    ],
  };
}

async function listed({ path, layout }: Category): Promise<Dataset | UflowError> {
  try {
    return await readDataset(path, { layout });
  } catch (error) {
    if (error instanceof UflowError) return error;
    throw error;
  }
}

function unlisted(category: Category, { message }: UflowError): CategorySurvey {
  return {
    ...category,
    images: { train: 0, validation: 0, good: 0, defective: 0 },
    defects: [],
    sizes: [],
    modes: [],
    problems: [problem("layout", "error", category.path, message)],
  };
}

async function look(
  category: string,
  images: readonly TestImage[],
  options: CheckedOptions,
): Promise<Look[]> {
  const { deep, signal, onProgress } = options;
  let done = 0;
  return concurrently(images, 8, async (image) => {
    if (signal?.aborted) throw new UflowError("ERR_UFLOW_ABORTED", "The survey was cancelled");
    const result = await lookAt(image, deep);
    done += 1;
    onProgress?.({ category, done, total: images.length });
    return result;
  });
}

function countDefects(defective: readonly TestImage[]): CategorySurvey["defects"] {
  const kinds = [...new Set(defective.map(({ defect }) => defect))];
  return kinds.map((kind) => {
    const images = defective.filter(({ defect }) => defect === kind);
    const masks = images.flatMap(({ mask }) => (mask === undefined ? [] : maskPaths(mask)));
    return { kind, images: images.length, masks: new Set(masks).size };
  });
}

function counted(values: readonly string[]): [value: string, count: number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

const modeOf = ({ format, channels, bits }: ImageHeader) => `${format}, ${channels} × ${bits} bits`;

/** Training needs two good images at least; evaluation needs some to test. */
function tooFew({ path }: Category, { train, test }: Dataset): Problem[] {
  const warn = (message: string) => problem("too-few", "warning", path, message);
  const problems: Problem[] = [];
  if (train.length === 0) problems.push(warn("there is nothing to learn from: it can be evaluated on only"));
  if (train.length === 1) problems.push({ ...warn("one image is too few to learn from"), severity: "error" });
  if (test.length === 0) problems.push(warn("there are no test images: it can be trained on only"));
  else if (test.every(({ defect }) => defect !== goodKind)) {
    problems.push(warn("there are no good test images: image AUROC and false alarms will be unknown"));
  } else if (test.every(({ defect }) => defect === goodKind)) {
    problems.push(warn("there are no defective test images: only false alarms can be measured"));
  }
  return problems;
}

/** @param learned how many of the files are learned from; the others are tested */
async function sameFiles(files: readonly SeenFile[], learned: number): Promise<Problem[]> {
  const [train, test] = [files.slice(0, learned), files.slice(learned)];
  const same = (path: string, of: string, so: string) => `"${path}" is the same file as "${of}": ${so}`;
  const copies = (found: Awaited<ReturnType<typeof findCopies>>, so: string) =>
    found.map(({ path, of }) => problem("copy", "warning", path, same(path, of, so)));
  return [
    ...(await findLeakage(train, test)).map(({ train: learned, test: tested }) =>
      problem("leakage", "error", tested, same(tested, learned, "it is learned from and tested")),
    ),
    ...copies(await findCopies(train), "it is learned from once"),
    ...copies(await findCopies(test), "it counts twice in all figures"),
  ];
}

async function dark(looks: readonly Look[]): Promise<Problem[]> {
  const found = await findDark(looks);
  if (!found) return [];
  const { path, brightest } = found;
  const message = `of 16 bits the upper 8 are read, and in these images, as "${path}", no pixel has more than ${brightest} of 255 there: scale what a camera gives in 10, 12 or 14 bits to 16`;
  return [problem("dark", "warning", path, message)];
}

function shapes({ path }: Category, headers: readonly ImageHeader[]): Problem[] {
  return shapeWarnings(headers).map((message) => problem("shapes", "warning", path, message));
}

async function leftovers({ path, layout }: Category, dataset: Dataset): Promise<Problem[]> {
  // A list uses what it names, wherever that is.
  if (layout === "csv") return [];
  const { images, others, emptyFolders } = await findLeftover(path, usedBy(dataset));
  const unused = (files: readonly string[], what: string) =>
    files.length === 0
      ? []
      : [problem("unused", "warning", files[0]!, `${files.length} ${what}: ${shortList(files)}`)];
  return [
    ...unused(images, "images belong to neither training nor test"),
    ...unused(others, "files are no images"),
    ...emptyFolders.map((folder) => problem("empty-folder", "warning", folder, `"${folder}" is empty`)),
  ];
}

function usedBy({ train, validation = [], test, others = [] }: Dataset): Set<string> {
  const masks = test.flatMap(({ mask }) => (mask === undefined ? [] : maskPaths(mask)));
  return new Set(
    [...train, ...validation, ...test.map(({ path }) => path), ...masks, ...others].map((path) =>
      resolve(path),
    ),
  );
}

const shortList = (files: readonly string[]) =>
  `${files.slice(0, 3).join(", ")}${files.length > 3 ? ", …" : ""}`;
