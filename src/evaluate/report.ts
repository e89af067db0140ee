import { join } from "node:path";
import { writeFileAtomic } from "../output/atomic-file.js";
import { drawContactSheet } from "./contact-sheet.js";
import type { Evaluation } from "./evaluation.js";
import type { Examined, Pictured } from "./examine.js";
import { imagesCsv } from "./images-csv.js";
import { regionsCsv } from "./regions-csv.js";

/** Names of the files of a report. */
export const evaluationFile = "evaluation.json";
export const imagesFile = "images.csv";
export const regionsFile = "regions.csv";
export const contactSheetFile = "contact-sheet.png";

/**
 * Writes the four files of a report, the numbers first.
 * @param selected the images for the contact sheet
 * @throws UflowError ERR_UFLOW_OUTPUT, ERR_UFLOW_BAD_IMAGE when an image has gone meanwhile.
 */
export async function writeReport(
  folder: string,
  evaluation: Evaluation,
  examined: readonly Examined[],
  selected: readonly Pictured[],
): Promise<void> {
  const write = (name: string, content: Uint8Array) => writeFileAtomic(join(folder, name), content);
  await write(evaluationFile, Buffer.from(`${JSON.stringify(evaluation, null, 2)}\n`));
  await write(imagesFile, Buffer.from(imagesCsv(examined, evaluation.errors)));
  await write(regionsFile, Buffer.from(regionsCsv(examined, evaluation.mapSize)));
  await write(contactSheetFile, await drawContactSheet(selected, evaluation));
}
