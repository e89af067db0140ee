/** What can be wrong with a data set. */
export type ProblemKind =
  | "layout" // the folder cannot be listed as a data set
  | "unreadable-image" // missing, not an image, damaged or truncated
  | "unreadable-mask" // the same of a mask, or one without white
  | "missing-mask" // a defective image without a mask: it does not count for pixels
  | "mask-size" // a mask that is not of the size of its image
  | "leakage" // the same content is learned from and tested
  | "copy" // the same content is learned from, or tested, twice
  | "dark" // 16-bit images that use few of their values
  | "shapes" // images of different shapes, or long ones: all are resized to one square
  | "too-few" // not enough images to train or to evaluate
  | "unused" // files that belong to no part
  | "empty-folder";

export interface Problem {
  kind: ProblemKind;
  /** An error stops training or evaluation, or makes their numbers wrong. A warning is worth knowing. */
  severity: "error" | "warning";
  /** The file or folder. */
  path: string;
  message: string;
}

export const problem = (
  kind: ProblemKind,
  severity: Problem["severity"],
  path: string,
  message: string,
): Problem => ({
  kind,
  severity,
  path,
  message,
});
