import { join } from "node:path";
import { masksByName, readGood, readTest } from "./by-kind.js";
import type { Layout } from "./dataset.js";
import { isFolder } from "./folder.js";

/** beanTech: good is "ok", defective is "ko". Some products have their images as BMP and the masks as PNG. */
export const btad: Layout = {
  expects: "the BTAD layout, train/ok/*, test/ok/*, test/ko/* and ground_truth/ko/<name>.png",
  matches: async ({ path }) =>
    (await isFolder(join(path, "train", "ok"))) || (await isFolder(join(path, "test", "ok"))),
  read: async (root) => ({
    train: await readGood(root, "train", "ok"),
    test: await readTest(root, "ok", (kind) => masksByName(root, kind)),
  }),
};
