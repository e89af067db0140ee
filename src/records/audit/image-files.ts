import { readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../output/atomic-file.js";
import { contentOf, imageOf } from "../image-sum.js";
import type { RecordedImage } from "../record.js";

/** Kept images lie beside the database, by their sums, so that one that is inspected again is kept once. */
export const imagesFolder = (database: string) => `${database}-images`;

export const imagePath = (database: string, sum: string) =>
  join(imagesFolder(database), sum.slice(0, 2), sum);

/** @throws UflowError ERR_UFLOW_OUTPUT. @returns the bytes of the file. */
export async function keepImage(database: string, sum: string, image: RecordedImage): Promise<number> {
  const path = imagePath(database, sum);
  const content = contentOf(image);
  // A file that is there has what its name says. Touched, so that retention does not remove it meanwhile.
  const now = new Date();
  await utimes(path, now, now).catch(() => writeFileAtomic(path, content));
  return content.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
}

/** Undefined where it is not kept. */
export async function readImage(database: string, sum: string): Promise<RecordedImage | undefined> {
  const content = await readFile(imagePath(database, sum)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return content && imageOf(content);
}
