import { join } from "node:path";
import type { Layout, TestImage } from "./dataset.js";
import { type Folder, imagesByStem, listInside } from "./folder.js";
import { isGood, labelByMask, pathOf } from "./set-apart.js";

/** KolektorSDD2: good is whose mask is black. Defective images of the training part are not used: we learn from good ones. */
export const kolektor2: Layout = {
  expects: "the KolektorSDD2 layout, train/NNNNN.png and test/NNNNN.png, each with NNNNN_GT.png",
  matches: async (root) => (await imagesWithMasks(root, "test")).length > 0,
  read: async (root) => ({
    train: (await readPart(root, "train")).filter(isGood).map(pathOf),
    test: await readPart(root, "test"),
  }),
};

const readPart = async (root: Folder, part: string): Promise<TestImage[]> =>
  labelByMask(await imagesWithMasks(root, part), "defect");

async function imagesWithMasks({ path }: Folder, part: string): Promise<{ path: string; mask: string }[]> {
  const images = imagesByStem(await listInside(join(path, part)));
  return [...images].flatMap(([stem, image]) => {
    const mask = images.get(`${stem}_GT`);
    return mask ? [{ path: image, mask }] : [];
  });
}
