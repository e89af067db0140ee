import { decodeImage } from "../decode.js";
import type { Look } from "./look.js";

/** So many images are decoded; a set is of one camera. */
const mostDecoded = 8;

/** Of 255: values of 14 bits that are stored in 16 reach 63, those of 12 bits 15. */
const brightEnough = 64;

/**
 * Whether 16-bit images use so few of their values that hardly anything is left in the upper 8 bits, which are read: a
 * camera's 10, 12 or 14 bits that were not scaled to 16.
 * @returns the first of them, and the brightest value of 0 … 255 that is left; undefined where all is well.
 */
export async function findDark(
  looks: readonly Look[],
): Promise<{ path: string; brightest: number } | undefined> {
  const deep = looks.filter(({ header }) => header?.bits === 16).slice(0, mostDecoded);
  if (deep.length === 0) return undefined;
  let brightest = 0;
  for (const { file } of deep) {
    // What cannot be decoded is named elsewhere, and proves nothing here.
    const { data } = await decodeImage(file.path).catch(() => ({ data: Uint8Array.of(255) }));
    brightest = data.reduce((highest, value) => Math.max(highest, value), brightest);
  }
  return brightest < brightEnough ? { path: deep[0]!.file.path, brightest } : undefined;
}
