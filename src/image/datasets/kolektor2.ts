import type { Layout } from "./dataset.js";
import { type Folder, imagesWithMasks, listInside } from "./folder.js";
import { isGood, labelByMask, masksOf, pathOf } from "./set-apart.js";

/** KolektorSDD2: good is whose mask is black. Defective images of the training part are not used: we learn from good ones. */
export const kolektor2: Layout = {
  expects: "the KolektorSDD2 layout, train/NNNNN.png and test/NNNNN.png, each with NNNNN_GT.png",
  // What cannot be listed is named when it is read, as another layout.
  matches: async (root) => (await pairsOf(root, "test").catch(() => [])).length > 0,
  read: async (root) => {
    const [train, test] = [await pairsOf(root, "train"), await pairsOf(root, "test")];
    return {
      train: (await labelByMask(train, "defect")).filter(isGood).map(pathOf),
      test: await labelByMask(test, "defect"),
      others: masksOf([...train, ...test]),
    };
  },
};

const pairsOf = async (root: Folder, part: string) => imagesWithMasks(await listInside(root, part), "_GT");
