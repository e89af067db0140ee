import { readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, UflowError } from "../../error.js";
import { writeFileAtomic } from "../../output/atomic-file.js";
import { contentOf, imageOf } from "../image-sum.js";
import type { RecordedImage } from "../record.js";

/** Kept images lie beside the database, by their sums, so that one that is inspected again is kept once. */
export const imagesFolder = (database: string) => `${database}-images`;

export const imagePath = (database: string, sum: string) =>
  join(imagesFolder(database), sum.slice(0, 2), sum);

/** Whether it is a SHA-256. A store that somebody else has written may say anything, and lead out of the folder. */
export const isSum = (text: string) => /^[0-9a-f]{64}$/.test(text);

/** @throws UflowError ERR_UFLOW_OUTPUT. @returns the bytes of the file. */
export async function keepImage(database: string, sum: string, image: RecordedImage): Promise<number> {
  const path = imagePath(database, sum);
  const content = contentOf(image);
  // A file that is there has what its name says. Touched, so that retention does not remove it meanwhile.
  const now = new Date();
  await utimes(path, now, now).catch(() => writeFileAtomic(path, content));
  return content.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
}

/** Undefined where it is not kept. @throws UflowError ERR_UFLOW_BAD_RECORDS where it cannot be read, or is damaged. */
export async function readImage(database: string, sum: string): Promise<RecordedImage | undefined> {
  try {
    if (!isSum(sum)) throw new Error("this is no SHA-256");
    return imageOf(await readFile(imagePath(database, sum)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const message = `Cannot read the image ${sum} of the audit store "${database}": ${messageOf(error)}`;
    throw new UflowError("ERR_UFLOW_BAD_RECORDS", message, { cause: error });
  }
}
