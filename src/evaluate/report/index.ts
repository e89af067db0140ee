import { join } from "node:path";
import { writeFileAtomic } from "../../output/atomic-file.js";
import { drawContactSheet } from "../contact-sheet.js";
import type { Pictured } from "../examined.js";
import { imagesCsv } from "../images-csv.js";
import { regionsCsv } from "../regions-csv.js";
import type { ReportData } from "./report-data.js";

/** Names of the files of a report. */
export const evaluationFile = "evaluation.json";
export const imagesFile = "images.csv";
export const regionsFile = "regions.csv";
export const contactSheetFile = "contact-sheet.png";
export const pageFile = "report.html";

/**
 * Writes the files of a report, the numbers first.
 * @param selected the images for the contact sheet
 * @throws UflowError ERR_UFLOW_OUTPUT, ERR_UFLOW_BAD_IMAGE when an image has gone meanwhile.
 */
export async function writeReport(
  folder: string,
  data: ReportData,
  selected: readonly Pictured[],
): Promise<void> {
  const { evaluation, examined } = data;
  const write = (name: string, content: Uint8Array) => writeFileAtomic(join(folder, name), content);
  await write(evaluationFile, Buffer.from(`${JSON.stringify(evaluation, null, 2)}\n`));
  await write(imagesFile, Buffer.from(imagesCsv(examined, evaluation.errors)));
  await write(regionsFile, Buffer.from(regionsCsv(examined)));
  await write(contactSheetFile, await drawContactSheet(selected, evaluation));
  // The charts' library is large: it is loaded when a page is made.
  const { reportPage } = await import("./page.js");
  await write(pageFile, Buffer.from(reportPage(data)));
}
