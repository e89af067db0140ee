/** The thread in which the pictures of records are drawn. */
import { parentPort } from "node:worker_threads";
import { concurrently } from "../concurrently.js";
import { messageOf, UflowError } from "../error.js";
import { decodeImage } from "../image/decode.js";
import { writeFileAtomic } from "../output/atomic-file.js";
import { renderMask } from "../picture/mask.js";
import { renderOverlay } from "../picture/overlay.js";
import { answerCalls } from "../thread.js";
import { pictureFile } from "./picture-file.js";
import type { Evidence } from "./record.js";

export interface PictureCalls {
  /**
   * Writes `<path>.image.*`, `<path>.overlay.png` and `<path>.mask.png` of each record. @returns why some cannot be drawn, now or
   * later.
   * @throws UflowError ERR_UFLOW_OUTPUT.
   */
  writePictures(records: readonly { path: string; evidence: Evidence }[]): Promise<string[]>;
}

/** Records that are drawn at the same time: as many as Node has threads to wait for a disk, by default. */
const atOnce = 4;

answerCalls<PictureCalls>(parentPort!, {
  async writePictures(records) {
    const problems = await concurrently(records, atOnce, ({ path, evidence }) => attempt(path, evidence));
    return problems.filter((problem) => problem !== undefined);
  },
});

/** @returns why not all can be drawn. @throws UflowError ERR_UFLOW_OUTPUT. */
async function attempt(path: string, evidence: Evidence): Promise<string | undefined> {
  try {
    await writeAll(path, evidence);
    return undefined;
  } catch (error) {
    if (error instanceof UflowError && error.code === "ERR_UFLOW_OUTPUT") throw error;
    return messageOf(error);
  }
}

async function writeAll(path: string, { image, inspection }: Evidence): Promise<void> {
  const { extension, bytes } = await pictureFile(image);
  await writeFileAtomic(`${path}.image.${extension}`, bytes);
  if (!inspection) return;
  const frame = await decodeImage(image);
  await writeFileAtomic(`${path}.overlay.png`, await renderOverlay({ frame, ...inspection }));
  const { mask, image: size, area } = inspection;
  await writeFileAtomic(`${path}.mask.png`, await renderMask(mask, size, area));
}
