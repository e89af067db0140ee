import { concurrently } from "../../concurrently.js";
import { decodeLabels } from "../decode.js";
import { naturalOrder } from "../natural-order.js";
import { goodKind, type TestImage } from "./dataset.js";

/** One in so many is set apart for testing, where a data set does not say which. */
const every = 5;

/**
 * Which groups of images (a patient, a part under several lights) are for testing: the first, the sixth, … in natural
 * order of their names. Whole groups, so that nothing that is tested was seen in training; the same for everybody.
 */
export function groupsSetApart(groups: Iterable<string>): Set<string> {
  const ordered = [...new Set(groups)].sort(naturalOrder);
  return new Set(ordered.filter((_, i) => i % every === 0));
}

/**
 * Tells good images from defective ones by their masks, where nothing else does: good is whose mask is all black.
 * All masks are read: some milliseconds each.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when a mask cannot be read.
 */
export function labelByMask(
  images: readonly { path: string; mask: string }[],
  defect: string,
): Promise<TestImage[]> {
  return concurrently(images, 8, async ({ path, mask }) => {
    const { data } = await decodeLabels(mask);
    const good = data.every((value) => value === 0);
    return good ? { path, defect: goodKind } : { path, defect, mask };
  });
}

/** The files of all masks, those of good images among them, which tell that these are good. */
export const masksOf = (pairs: readonly { mask: string }[]) => pairs.map(({ mask }) => mask);

export const isGood = ({ defect }: TestImage) => defect === goodKind;

export const pathOf = ({ path }: TestImage) => path;
