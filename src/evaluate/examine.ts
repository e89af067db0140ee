import { UflowError } from "../error.js";
import type { TestImage } from "../image/datasets/index.js";
import { goodKind } from "../image/datasets/index.js";
import { type Mask, readMask } from "../image/mask.js";
import { type MaskRegion, readRegionMasks } from "../image/region-masks.js";
import type { Inspection, Inspector } from "../inspect/index.js";
import type { ImageError } from "./evaluation.js";
import type { Examined, Pictured } from "./examined.js";
import type { MeasurementThread } from "./measurement-thread.js";
import type { EvaluateProgress } from "./options.js";
import type { SheetDrawer } from "./report/cards.js";
import { selectImages } from "./selection.js";

export interface Examination {
  examined: Examined[];
  /** The most telling images, see `selectImages()`; empty without a drawer. */
  pictured: Pictured[];
  errors: ImageError[];
  /** Regions of the ground truth of which nothing is left at the size of the maps. */
  lostRegions: number;
  /** Of each good image: regions at each of `watchedEpsilons`. */
  alarmsAtWatched: number[][];
}

/**
 * Inspects all test images, one after the other, good ones first; while one is in the networks, the next is asked for
 * already. What cannot be read is reported and left out.
 * @throws UflowError ERR_UFLOW_ABORTED, and what ends an inspector or a measurement.
 */
export async function examine(
  inspector: Inspector,
  measurement: MeasurementThread,
  images: readonly TestImage[],
  task: { drawer: SheetDrawer | undefined; signal?: AbortSignal | undefined },
  onProgress: ((progress: EvaluateProgress) => void) | undefined,
): Promise<Examination> {
  const result: Examination = { examined: [], pictured: [], errors: [], lostRegions: 0, alarmsAtWatched: [] };
  const ask = (image: TestImage) => look(inspector, image);
  const isGood = ({ defect }: TestImage) => defect === goodKind;
  const ordered = [...images.filter(isGood), ...images.filter((image) => !isGood(image))];
  const start = performance.now();
  let next = ask(ordered[0]!);
  for (let i = 0; i < ordered.length; i++) {
    const current = await next;
    if (task.signal?.aborted) throw aborted();
    if (i + 1 < ordered.length) next = ask(ordered[i + 1]!);
    if ("error" in current) result.errors.push(current.error);
    else await count(current, measurement, result, task.drawer);
    const done = i + 1;
    const pace = (performance.now() - start) / 1000 / done;
    onProgress?.({
      phase: "images",
      done,
      total: ordered.length,
      secondsLeft: pace * (ordered.length - done),
    });
  }
  return result;
}

/** Where it is defective, and in which regions, where the data set tells them apart. */
interface Truth {
  truth: Mask | null;
  saturating?: readonly MaskRegion[];
  lost?: number;
}

type Look = Truth & { image: TestImage; inspection: Inspection };

/** The mask and the verdict, or why one of the two cannot be had. Never rejects for what is wrong with an image. */
function look(inspector: Inspector, image: TestImage): Promise<Look | { error: ImageError }> {
  const work = async () => {
    try {
      const inspection = await inspector.inspect(image.path);
      return { image, inspection, ...(await truthOf(image, inspection)) };
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

/** Of the part of the image that was looked at, at the size of the maps. */
async function truthOf({ defect, mask }: TestImage, inspection: Inspection): Promise<Truth> {
  const { width, height } = inspection.mask;
  if (defect === goodKind) return { truth: { data: new Uint8Array(width * height), width, height } };
  if (mask === undefined) return { truth: null };
  if (typeof mask === "object" && "regions" in mask) {
    const { truth, regions, lost } = await readRegionMasks(mask, { width, height }, inspection);
    return { truth, saturating: regions, lost };
  }
  return { truth: await readMask(mask, { width, height }, inspection) };
}

/** Has the maps counted, and keeps those of the images that are to be shown as it looks now. */
async function count(
  { image, inspection, truth, saturating = [], lost = 0 }: Look,
  measurement: MeasurementThread,
  result: Examination,
  drawer: SheetDrawer | undefined,
): Promise<void> {
  const { anomalyMap, logNfaMap, mask, ...verdict } = inspection;
  const kind = image.defect;
  const { alarmsAtWatched, ...measure } = await measurement.add({
    kind,
    truth,
    saturating,
    anomalyMap,
    logNfaMap,
    mask,
  });
  const map = { width: mask.width, height: mask.height };
  const examined = { ...verdict, ...measure, path: image.path, kind, map };
  result.examined.push(examined);
  result.lostRegions += lost;
  if (alarmsAtWatched) result.alarmsAtWatched.push(alarmsAtWatched);
  if (drawer === undefined) return;
  const pictured = { ...examined, anomalyMap, truth };
  result.pictured = selectImages([...result.pictured, pictured]);
  await drawer.add(pictured);
}

export const aborted = () =>
  new UflowError("ERR_UFLOW_ABORTED", "The evaluation was cancelled; nothing was written");
