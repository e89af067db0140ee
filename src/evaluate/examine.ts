import { UflowError } from "../error.js";
import type { TestImage } from "../image/datasets/index.js";
import { type Mask, readMask } from "../image/mask.js";
import type { Inspection, Inspector } from "../inspect/index.js";
import type { ImageError } from "./evaluation.js";
import { IouCurve, type Miou } from "./metrics/iou.js";
import type { EvaluateProgress } from "./options.js";

/** Folder of the good images. */
export const goodKind = "good";

/** One test image with the verdict on it. The map of logNfa has been counted and let go, and the mask with it. */
export interface Examined extends Omit<Inspection, "logNfaMap" | "mask"> {
  path: string;
  /** `good`, or the kind of defect. */
  kind: string;
  /** Where it is defective; null where nobody has said: a defective image without a mask. */
  truth: Mask | null;
  /** At the operating point; null without a mask. */
  iou: number | null;
}

export interface Examination {
  examined: Examined[];
  errors: ImageError[];
  miou: Miou;
}

/**
 * Inspects all test images, one after the other; while one is in the networks, the next is asked for already. What
 * cannot be read is reported and left out.
 * @throws UflowError ERR_UFLOW_ABORTED, and what ends an inspector: ERR_UFLOW_NETWORK, ERR_UFLOW_LANE.
 */
export async function examine(
  inspector: Inspector,
  images: readonly TestImage[],
  task: { mapSize: number; logEpsilon: number; signal?: AbortSignal | undefined },
  onProgress: ((progress: EvaluateProgress) => void) | undefined,
): Promise<Examination> {
  const result = { examined: [] as Examined[], errors: [] as ImageError[] };
  const curve = new IouCurve(task.logEpsilon);
  const noDefect = noDefects(task.mapSize);
  const ask = (image: TestImage) => look(inspector, image, noDefect);
  const start = performance.now();
  let next = ask(images[0]!);
  for (let i = 0; i < images.length; i++) {
    const current = await next;
    if (task.signal?.aborted) throw aborted();
    if (i + 1 < images.length) next = ask(images[i + 1]!);
    if ("error" in current) result.errors.push(current.error);
    else result.examined.push(count(current, curve));
    const done = i + 1;
    const pace = (performance.now() - start) / 1000 / done;
    onProgress?.({ phase: "images", done, total: images.length, secondsLeft: pace * (images.length - done) });
  }
  return { ...result, miou: curve.result() };
}

type Look = { image: TestImage; inspection: Inspection; truth: Mask | null };

/** The mask and the verdict, or why one of the two cannot be had. Never rejects for what is wrong with an image. */
function look(inspector: Inspector, image: TestImage, noDefect: Mask): Promise<Look | { error: ImageError }> {
  const work = async () => {
    try {
      const truth = await truthOf(image, noDefect);
      return { image, truth, inspection: await inspector.inspect(image.path) };
    } catch (error) {
      if (!(error instanceof UflowError) || error.code !== "ERR_UFLOW_BAD_IMAGE") throw error;
      return { error: { image: image.path, code: error.code, message: error.message } };
    }
  };
  const looking = work();
  // It may fail while nobody waits for it yet; whoever awaits it hears of it then.
  looking.catch(() => {});
  return looking;
}

async function truthOf({ defect, mask }: TestImage, noDefect: Mask): Promise<Mask | null> {
  if (defect === goodKind) return noDefect;
  return mask === undefined ? null : await readMask(mask, noDefect);
}

/** Takes from the map of logNfa what the metrics need of it. */
function count({ image, inspection, truth }: Look, curve: IouCurve): Examined {
  const { logNfaMap, mask: _, ...verdict } = inspection;
  const iou = truth && curve.add(logNfaMap, truth);
  return { ...verdict, path: image.path, kind: image.defect, truth, iou };
}

/** The mask of every good image: one for all, in memory and when it is handed to a thread. */
function noDefects(side: number): Mask {
  return { data: new Uint8Array(side * side), width: side, height: side };
}

export const aborted = () =>
  new UflowError("ERR_UFLOW_ABORTED", "The evaluation was cancelled; nothing was written");
