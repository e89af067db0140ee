import { masksByName, readGood, readTest } from "./by-kind.js";
import type { Layout } from "./dataset.js";

/** MVTec AD, and all that was converted to its layout, VisA among it. `train` may be missing if there is `test`, or the other way round. */
export const mvtec: Layout = {
  expects:
    "the MVTec-AD layout, train/good/*, test/good/*, test/<defect>/* and ground_truth/<defect>/<name>_mask.png",
  matches: ({ folders }) => folders.includes("train") || folders.includes("test"),
  read: async (root) => ({
    train: await readGood(root, "train", "good"),
    test: await readTest(root, "good", (kind) => masksByName(root, kind)),
  }),
};
