import type { MaskSource } from "../mask.js";
import type { Folder } from "./folder.js";

/** The images of one product. All paths begin with the folder as it was given; lists are in natural order. */
export interface Dataset {
  /** How the folder is laid out. */
  layout: LayoutName;
  /** Good images to learn from. */
  train: string[];
  /** Good images to choose settings with, where the data set sets some apart. */
  validation?: string[];
  test: TestImage[];
  /** Other files that it is made of. */
  others?: string[];
}

export interface TestImage {
  path: string;
  /** `good`, or the kind of defect. */
  defect: string;
  /** The ground truth, where there is one; never for good images. */
  mask?: MaskSource;
}

/** What `defect` is of an image without one. */
export const goodKind = "good";

/** The layouts that are known, docs/datasets.md. */
export const layoutNames = [
  "mvtec",
  "mvtec-loco",
  "visa",
  "btad",
  "kolektor",
  "kolektor2",
  "magnetic-tile",
  "lgg-mri",
  "shanghaitech",
  "images",
  "csv",
] as const;

export type LayoutName = (typeof layoutNames)[number];

/** What one layout's file says of it. */
export interface Layout {
  /** What is expected, to follow the word "Expected". */
  expects: string;
  /** Whether a folder looks like one category of this layout; decided by names alone. */
  matches(folder: Folder): boolean | Promise<boolean>;
  /** Lists the images of one category. @throws UflowError ERR_UFLOW_BAD_DATASET */
  read(folder: Folder): Promise<Omit<Dataset, "layout">>;
}
