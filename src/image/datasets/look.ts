import { createHash } from "node:crypto";
import { messageOf } from "../../error.js";
import { decodeImage, type ImageHeader, readImageStart } from "../decode.js";
import { type MaskSource, maskPaths, maskSize, readMask, sameShape } from "../mask.js";
import { readRegionMasks } from "../region-masks.js";
import { goodKind, type TestImage } from "./dataset.js";
import { type Problem, type ProblemKind, problem } from "./problems.js";

/** What one image and its mask turn out to be. */
export interface Look {
  header?: ImageHeader;
  /** What is known of the image's file; of a small one all, since it was read with its header. */
  file: SeenFile;
  problems: Problem[];
}

/** A file, and where it was read as a whole its length and the SHA-256 of its bytes. */
export interface SeenFile {
  path: string;
  content?: { bytes: number; sum: string } | undefined;
}

/**
 * Looks at an image and its mask. Never rejects: what is wrong is listed.
 * @param deep decodes them to their end; else headers are read
 */
export async function lookAt({ path, defect, mask }: TestImage, deep: boolean): Promise<Look> {
  const problems: Problem[] = [];
  const note = (kind: ProblemKind, file: string) => (error: unknown) => {
    problems.push(problem(kind, "error", file, messageOf(error)));
    return undefined;
  };
  const start = await readImageStart(path).catch(note("unreadable-image", path));
  const header = start?.header;
  const file = { path, content: start?.content && contentOf(start.content) };
  if (header && deep) await decodeImage(path).catch(note("unreadable-image", path));
  if (mask === undefined) {
    if (defect !== goodKind) problems.push(problem("missing-mask", "warning", path, withoutMask(path)));
    return { ...(header && { header }), file, problems };
  }
  const maskFile = maskPaths(mask)[0]!;
  const size = await maskSize(mask).catch(note("unreadable-mask", maskFile));
  if (size && deep) await readWhole(mask, size).catch(note("unreadable-mask", maskFile));
  if (!header) return { file, problems };
  if (size) problems.push(...sizeProblems(path, header, mask, size));
  return { header, file, problems };
}

const contentOf = (bytes: Uint8Array) => ({
  bytes: bytes.length,
  sum: createHash("sha256").update(bytes).digest("hex"),
});

async function readWhole(mask: MaskSource, size: Size): Promise<void> {
  await (typeof mask === "object" && "regions" in mask ? readRegionMasks(mask, size) : readMask(mask, size));
}

const withoutMask = (path: string) =>
  `"${path}" has no mask: it counts for image AUROC and detection only, not for pixels`;

interface Size {
  width: number;
  height: number;
}

/** A mask of the same shape is resized with its image; one of another shape shows the wrong places. */
function sizeProblems(path: string, image: Size, mask: MaskSource, size: Size): Problem[] {
  if (image.width === size.width && image.height === size.height) return [];
  const file = maskPaths(mask)[0]!;
  const message = `the mask "${file}" has ${size.width} × ${size.height} pixels, and its image "${path}" ${image.width} × ${image.height}`;
  return [problem("mask-size", sameShape(size, image) ? "warning" : "error", file, message)];
}
