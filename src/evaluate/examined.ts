import type { Size } from "../image/area.js";
import type { Mask } from "../image/mask.js";
import type { Inspection } from "../inspect/index.js";
import type { ImageMeasure } from "./measurement.js";

/** One test image with the verdict on it. Its maps have been counted and let go. */
export interface Examined
  extends Omit<Inspection, "anomalyMap" | "logNfaMap" | "mask">,
    Omit<ImageMeasure, "alarmsAtWatched"> {
  path: string;
  /** `good`, or the kind of defect. */
  kind: string;
  /** Size of its maps, pixels. */
  map: Size;
}

/** One that is to be shown. */
export interface Pictured extends Examined, Pick<Inspection, "anomalyMap"> {
  /** Where it is defective; null where nobody has said: a defective image without a mask. */
  truth: Mask | null;
}

/** The IoU that is shown: without a marked pixel it is 1 where nothing is detected, which is no merit on a defective part. */
export const shownIou = ({ truth, iou }: Pick<Pictured, "truth" | "iou">) =>
  truth?.data.some(Boolean) ? iou : null;
