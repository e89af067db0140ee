import { join } from "node:path";
import { writeFileAtomic } from "../output/atomic-file.js";
import { drawContactSheet } from "./contact-sheet.js";
import type { Evaluation } from "./evaluation.js";
import type { Examined } from "./examine.js";
import { imagesCsv } from "./images-csv.js";

/** Names of the files of a report. */
export const evaluationFile = "evaluation.json";
export const imagesFile = "images.csv";
export const contactSheetFile = "contact-sheet.png";

/**
 * Writes the three files of a report, the numbers first.
 * @param selected the images for the contact sheet
 * @throws UflowError ERR_UFLOW_OUTPUT, ERR_UFLOW_BAD_IMAGE when an image has gone meanwhile.
 */
export async function writeReport(
  folder: string,
  evaluation: Evaluation,
  examined: readonly Examined[],
  selected: readonly Examined[],
): Promise<void> {
  const write = (name: string, content: Uint8Array) => writeFileAtomic(join(folder, name), content);
  await write(evaluationFile, Buffer.from(`${JSON.stringify(evaluation, null, 2)}\n`));
  await write(imagesFile, Buffer.from(imagesCsv(examined, evaluation.errors)));
  await write(contactSheetFile, await drawContactSheet(selected, evaluation));
}
