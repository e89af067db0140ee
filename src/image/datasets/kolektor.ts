import { join } from "node:path";
import type { Layout, TestImage } from "./dataset.js";
import { imagesWithMasks, listFolder } from "./folder.js";
import { groupsSetApart, isGood, labelByMask, masksOf, pathOf } from "./set-apart.js";

const isItem = (name: string) => /^kos\d+$/i.test(name);

/**
 * KolektorSDD: a folder per commutator, its sides as Part0.jpg, … and what is defective on them as Part0_label.bmp. The
 * published folds are for supervised learning. Here every fifth commutator is set apart; its good sides and all defective
 * ones are tested, and the good sides of the others are learned from.
 */
export const kolektor: Layout = {
  expects: "the KolektorSDD layout, kosNN/PartN.jpg and kosNN/PartN_label.bmp",
  matches: ({ folders }) => folders.some(isItem),
  read: async ({ path, folders }) => {
    const items = folders.filter(isItem);
    const apart = groupsSetApart(items);
    const train: string[] = [];
    const test: TestImage[] = [];
    const others: string[] = [];
    for (const item of items) {
      const pairs = imagesWithMasks(await listFolder(join(path, item)), "_label");
      const sides = await labelByMask(pairs, "crack");
      others.push(...masksOf(pairs));
      if (!apart.has(item)) train.push(...sides.filter(isGood).map(pathOf));
      test.push(...sides.filter((side) => apart.has(item) || !isGood(side)));
    }
    return { train, test, others };
  },
};
