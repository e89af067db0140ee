import type { Layout } from "./dataset.js";
import { imagesOf } from "./folder.js";

/** A folder with only images, all of them good: enough to learn from. */
export const images: Layout = {
  expects: "a folder with only images of good parts",
  matches: (folder) => folder.images.length > 0,
  read: async (folder) => ({ train: imagesOf(folder), test: [] }),
};
