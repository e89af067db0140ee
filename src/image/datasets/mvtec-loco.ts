import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { messageOf } from "../../error.js";
import type { MaskSource, Saturation } from "../mask.js";
import { readGood, readTest } from "./by-kind.js";
import type { Layout } from "./dataset.js";
import { badDataset, type Folder, imagesOf, isFolder, listInside } from "./folder.js";

const kinds = ["logical_anomalies", "structural_anomalies"];
/** The saturation of each grey; it lies in the folder of the category. */
const saturationsFile = "defects_config.json";

/** MVTec LOCO AD: a folder of masks per image, one mask per defect, each in a grey of its own that is nearly white. */
export const mvtecLoco: Layout = {
  expects: `the MVTec-LOCO layout, train/good/*, validation/good/*, test/{good,logical_anomalies,structural_anomalies}/*, ground_truth/<kind>/<name>/* and ${saturationsFile}`,
  matches: async ({ path, folders }) =>
    folders.includes("test") &&
    (await Promise.all(kinds.map((kind) => isFolder(join(path, "test", kind))))).some(Boolean),
  read: async (root) => {
    const saturations = await readSaturations(root);
    return {
      train: await readGood(root, "train", "good"),
      validation: await readGood(root, "validation", "good"),
      test: await readTest(
        root,
        "good",
        async (kind) => (stem) => masksOf(listInside(root, "ground_truth", kind, stem), saturations),
      ),
      ...(saturations && { others: [join(root.path, saturationsFile)] }),
    };
  },
};

async function masksOf(
  folder: Promise<Folder>,
  saturations: Saturation[] | undefined,
): Promise<MaskSource | undefined> {
  const masks = imagesOf(await folder);
  if (masks.length === 0) return undefined;
  return saturations ? { regions: masks, saturations } : masks;
}

const entrySchema = z
  .object({
    pixel_value: z.int().min(1).max(255),
    saturation_threshold: z.number().positive(),
    relative_saturation: z.boolean(),
  })
  .refine((entry) => !entry.relative_saturation || entry.saturation_threshold <= 1, {
    path: ["saturation_threshold"],
    error: "expected at most 1 where it is relative",
  });
const saturationsSchema = z
  .array(entrySchema)
  .refine(
    (entries) => new Set(entries.map((entry) => entry.pixel_value)).size === entries.length,
    "expected every pixel_value once",
  );

/** Undefined where there is no such file. @throws UflowError ERR_UFLOW_BAD_DATASET when it is wrong. */
async function readSaturations({ path, others }: Folder): Promise<Saturation[] | undefined> {
  if (!others.includes(saturationsFile)) return undefined;
  try {
    const text = await readFile(join(path, saturationsFile), "utf8");
    return saturationsSchema
      .parse(JSON.parse(text))
      .map(({ pixel_value: grey, saturation_threshold: threshold, relative_saturation: relative }) => ({
        grey,
        threshold,
        relative,
      }));
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw badDataset(path, `its ${saturationsFile} cannot be used: ${problem}`, error);
  }
}
