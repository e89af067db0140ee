import { join } from "node:path";
import type { Layout, TestImage } from "./dataset.js";
import { imagesWithMasks, listFolder } from "./folder.js";
import { groupsSetApart, isGood, labelByMask, masksOf, pathOf } from "./set-apart.js";

const isPatient = (name: string) => /^TCGA_/.test(name);

/**
 * LGG-MRI: a folder per patient, slices of the brain as TIFF and what is abnormal on them as <name>_mask.tif. Every fifth
 * patient is set apart and tested, with all slices; learned from are the slices of the others that show nothing abnormal.
 */
export const lggMri: Layout = {
  expects: "the LGG-MRI layout, TCGA_<patient>/<name>.tif and TCGA_<patient>/<name>_mask.tif",
  matches: ({ folders }) => folders.some(isPatient),
  read: async ({ path, folders }) => {
    const patients = folders.filter(isPatient);
    const apart = groupsSetApart(patients);
    const train: string[] = [];
    const test: TestImage[] = [];
    const others: string[] = [];
    for (const patient of patients) {
      const pairs = imagesWithMasks(await listFolder(join(path, patient)), "_mask");
      const slices = await labelByMask(pairs, "abnormal");
      others.push(...masksOf(pairs));
      if (apart.has(patient)) test.push(...slices);
      else train.push(...slices.filter(isGood).map(pathOf));
    }
    return { train, test, others };
  },
};
