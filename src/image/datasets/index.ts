import { basename, join, parse, resolve } from "node:path";
import { z } from "zod";
import { UflowError } from "../../error.js";
import { parseOptions } from "../../options.js";
import { csvExpects, readCsv } from "./csv.js";
import { type Dataset, type LayoutName, layoutNames } from "./dataset.js";
import { badDataset, type Folder, found, isFile, listFolder } from "./folder.js";
import { detectLayout, type FolderLayoutName, layouts } from "./layouts.js";

export { type Dataset, goodKind, type LayoutName, layoutNames, type TestImage } from "./dataset.js";

/** Options of `readDataset()` and `findCategories()`. */
export interface DatasetOptions {
  /** How the data is laid out, docs/datasets.md. Default `auto`: found out by the names of its folders. */
  layout?: LayoutName | "auto";
}

/** The schema of the option, for all that take it. */
export const layoutSchema = z.enum(["auto", ...layoutNames]).default("auto");

const optionsSchema = z.strictObject({ layout: layoutSchema });

/** One category of a data set: what one model is trained for. */
export interface Category {
  name: string;
  /** What to give to `readDataset()`. */
  path: string;
  layout: LayoutName;
}

/**
 * Lists the images of one category. They are not opened, apart from the masks of data sets in which only these tell good
 * from defective (KolektorSDD, KolektorSDD2, LGG-MRI). A defective image without a mask is listed without one.
 * @param path a folder, or a CSV file
 * @throws UflowError ERR_UFLOW_BAD_DATASET when it holds no images in a layout that is known, saying what was found;
 * ERR_UFLOW_BAD_OPTION for an unknown layout; ERR_UFLOW_BAD_IMAGE when a mask that tells cannot be read.
 */
export async function readDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  const { layout: wanted } = parseOptions("the data set", optionsSchema, options);
  if (wanted === "csv" || (wanted === "auto" && (await isFile(path)))) return readList(path);
  const folder = await listFolder(path);
  const layout = wanted === "auto" ? await detectLayout(folder) : wanted;
  if (!layout) throw badDataset(path, `it holds no images, but ${found(folder)}. ${expected(wanted)}`);
  const dataset = { layout, ...(await readAs(folder, layout, wanted)) };
  if (countOf(dataset) === 0) {
    throw badDataset(path, `it holds no images, but ${found(folder)}. ${expected(wanted)}`);
  }
  return dataset;
}

/** @throws UflowError as `readDataset`, with what the layout expects. */
async function readAs(folder: Folder, layout: FolderLayoutName, wanted: LayoutName | "auto") {
  try {
    return await layouts[layout].read(folder);
  } catch (error) {
    if (!(error instanceof UflowError) || error.code !== "ERR_UFLOW_BAD_DATASET") throw error;
    throw new UflowError(error.code, `${error.message}. ${expected(wanted, layout)}`, { cause: error });
  }
}

async function readList(path: string): Promise<Dataset> {
  if (!isListName(path)) throw badDataset(path, `it is not a folder, nor a CSV file. ${expected("auto")}`);
  return { layout: "csv", ...(await readCsv(path)) };
}

/**
 * The categories of a data set: the folder itself where it is one, else all folders in it that are, or that cannot be listed:
 * `readDataset()` says why. Only names are looked at.
 * @throws UflowError ERR_UFLOW_BAD_DATASET when there is none, ERR_UFLOW_BAD_OPTION.
 */
export async function findCategories(path: string, options: DatasetOptions = {}): Promise<Category[]> {
  const { layout: wanted } = parseOptions("the data set", optionsSchema, options);
  if (wanted === "csv" || (wanted === "auto" && (await isFile(path)))) {
    return [{ name: parse(path).name, path, layout: "csv" }];
  }
  const folder = await listFolder(path);
  const own = await layoutOf(folder, wanted);
  // A picture beside the categories does not make the whole a folder of images.
  if (own && (own !== "images" || wanted === "images")) return [{ name: nameOf(path), path, layout: own }];
  const inside = await categoriesIn(folder, wanted);
  if (inside.length > 0) return inside;
  if (own) return [{ name: nameOf(path), path, layout: own }];
  throw badDataset(path, `it holds no category, but ${found(folder)}. ${expected(wanted)}`);
}

async function categoriesIn(folder: Folder, wanted: FolderLayoutName | "auto"): Promise<Category[]> {
  const categories: Category[] = [];
  for (const name of folder.folders) {
    const path = join(folder.path, name);
    const inside = await listFolder(path).catch(() => undefined);
    // It may be a category: what is wrong with it is said when it is read, and does not hide the others.
    const layout = inside ? await layoutOf(inside, wanted) : "unlisted";
    if (layout === "unlisted") categories.push({ name, path, layout: wanted === "auto" ? "images" : wanted });
    else if (layout && (layout !== "images" || wanted === "images")) categories.push({ name, path, layout });
  }
  return categories;
}

async function layoutOf(folder: Folder, wanted: FolderLayoutName | "auto") {
  if (wanted === "auto") return detectLayout(folder);
  return (await layouts[wanted].matches(folder)) ? wanted : undefined;
}

const nameOf = (path: string) => basename(resolve(path)) || "data";

const isListName = (path: string) => /\.csv$/i.test(path);

function countOf({ train, validation = [], test }: Dataset): number {
  return train.length + validation.length + test.length;
}

/** What a folder should hold: the layout that was named or found, else the two that people make themselves. */
function expected(wanted: LayoutName | "auto", layout = wanted): string {
  if (layout === "csv") return `Expected ${csvExpects}`;
  if (layout !== "auto") return `Expected ${layouts[layout].expects}`;
  return `Expected ${layouts.mvtec.expects}, or ${layouts.images.expects}, or another layout of docs/datasets.md; if its folders are products, give one of them`;
}
