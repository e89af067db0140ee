import { concurrently } from "../concurrently.js";
import { UflowError } from "../error.js";
import { readImageHeader } from "../image/decode.js";
import { shapeWarnings } from "../image/shapes.js";
import { type Division, divide } from "./held-out.js";
import { type ImageSum, imageSums, noticeOfCopies, withoutCopies } from "./image-sums.js";
import { type CheckedTrainOptions, fewestImages } from "./options.js";
import { findTwins, noticeOfTwins } from "./twins.js";

/** What of the good images is learned from and what is held out, each picture once. */
export interface ImageChoice {
  /** Paths. */
  images: string[];
  /** Of these, in their order. */
  sums: ImageSum[];
  division: Division;
  /** For whoever trains. */
  notices: string[];
}

type Wishes = Pick<CheckedTrainOptions, "heldOut" | "seed" | "region" | "tileSize">;

/** @throws UflowError ERR_UFLOW_BAD_DATASET where too few are left, ERR_UFLOW_ABORTED */
export async function chooseImages(
  paths: readonly string[],
  wishes: Wishes,
  signal: AbortSignal,
): Promise<ImageChoice> {
  const { images, sums, copies } = withoutCopies(paths, await imageSums(paths, signal));
  checkEnough(images, copies.length);
  const { division, twins } = await divided(images, wishes, signal);
  const notices = await noticesOfShapes(images, wishes);
  if (twins.length > 0) notices.unshift(noticeOfTwins(twins, images));
  if (copies.length > 0) notices.unshift(noticeOfCopies(copies));
  return { images, sums, division, notices };
}

function checkEnough(images: readonly string[], copies: number): void {
  if (images.length >= fewestImages) return;
  throw new UflowError(
    "ERR_UFLOW_BAD_DATASET",
    `All ${images.length + copies} good images are copies of one, "${images[0]}"; at least ${fewestImages} different ones are needed, and 50 or more are better`,
  );
}

async function divided(images: readonly string[], { heldOut, seed }: Wishes, signal: AbortSignal) {
  const division = divide(images.length, heldOut, seed);
  const twins = division.heldOut.length > 0 ? await findTwins(images, signal) : [];
  return { division: divide(images.length, heldOut, seed, twins), twins };
}

/** A region is of one shape, and so are tiles, whatever the images. Those that cannot be read are named when they are decoded. */
async function noticesOfShapes(images: readonly string[], { region, tileSize }: Wishes): Promise<string[]> {
  if (region || tileSize) return [];
  const headers = await concurrently(images, 4, (path) => readImageHeader(path).catch(() => undefined));
  const seen = headers.filter((header) => header !== undefined);
  return shapeWarnings(seen).map((message) => `The good ${message}`);
}
