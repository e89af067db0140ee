import { join, parse } from "node:path";
import type { MaskSource } from "../mask.js";
import { goodKind, type TestImage } from "./dataset.js";
import {
  badDataset,
  type Folder,
  found,
  imagesByStem,
  imagesOf,
  isGoodMiswritten,
  listFolder,
  listInside,
  miswritten,
} from "./folder.js";

/** Finds the mask of an image by its name without extension. */
type FindMask = (stem: string) => MaskSource | undefined | Promise<MaskSource | undefined>;

/**
 * The images in `<part>/<good>`, of a data set that has a folder per part and inside a folder per kind.
 * @param good what the folder of good images is called
 */
export async function readGood(root: Folder, part: string, good: string): Promise<string[]> {
  if (!root.folders.includes(part)) return [];
  const folder = await listFolder(join(root.path, part));
  if (!folder.folders.includes(good)) {
    throw badDataset(root.path, `${part}/ has no folder "${good}", but ${found(folder)}`);
  }
  return imagesOf(await listFolder(join(folder.path, good)));
}

/**
 * The images in `test/<kind>`, kind after kind.
 * @param masksOf makes, for one kind of defect, what finds the masks of its images
 */
export async function readTest(
  root: Folder,
  good: string,
  masksOf: (kind: string) => Promise<FindMask>,
): Promise<TestImage[]> {
  if (!root.folders.includes("test")) return [];
  const test = await listFolder(join(root.path, "test"));
  if (test.images.length > 0) {
    throw badDataset(root.path, `test/ has images outside of test/${good} and test/<defect>: ${found(test)}`);
  }
  const images: TestImage[] = [];
  for (const kind of test.folders) {
    if (isGoodMiswritten(kind, good)) throw badDataset(root.path, `test/${kind}: ${miswritten(kind, good)}`);
    const paths = imagesOf(await listFolder(join(test.path, kind)));
    if (kind === good) images.push(...paths.map((path) => ({ path, defect: goodKind })));
    else images.push(...(await withMasks(paths, kind, await masksOf(kind))));
  }
  return images;
}

async function withMasks(paths: readonly string[], defect: string, maskOf: FindMask): Promise<TestImage[]> {
  const images: TestImage[] = [];
  for (const path of paths) {
    const mask = await maskOf(parse(path).name);
    images.push({ path, defect, ...(mask && { mask }) });
  }
  return images;
}

/** Masks in `ground_truth/<kind>`, called like the image, with "_mask" or without. */
export async function masksByName(root: Folder, kind: string): Promise<FindMask> {
  const masks = imagesByStem(await listInside(root, "ground_truth", kind));
  return (stem) => masks.get(`${stem}_mask`) ?? masks.get(stem);
}
