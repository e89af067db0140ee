import { join } from "node:path";
import { readGood, readTest } from "./by-kind.js";
import type { Layout } from "./dataset.js";
import { type Folder, imagesOf, isFolder, listInside } from "./folder.js";

const kinds = ["logical_anomalies", "structural_anomalies"];

/** MVTec LOCO AD: a folder of masks per image, one mask per defect, each in a grey of its own that is nearly white. */
export const mvtecLoco: Layout = {
  expects:
    "the MVTec-LOCO layout, train/good/*, validation/good/*, test/{good,logical_anomalies,structural_anomalies}/* and ground_truth/<kind>/<name>/*",
  matches: async ({ path, folders }) =>
    folders.includes("test") &&
    (await Promise.all(kinds.map((kind) => isFolder(join(path, "test", kind))))).some(Boolean),
  read: async (root) => ({
    train: await readGood(root, "train", "good"),
    validation: await readGood(root, "validation", "good"),
    test: await readTest(root, "good", async (kind) => (stem) => masksOf(root, kind, stem)),
  }),
};

async function masksOf(root: Folder, kind: string, stem: string): Promise<string[] | undefined> {
  const masks = imagesOf(await listInside(root, "ground_truth", kind, stem));
  return masks.length > 0 ? masks : undefined;
}
