import { join } from "node:path";
import { learnedAmong } from "../bundle/learned-from.js";
import { UflowError } from "../error.js";
import { goodKind, type LayoutName, readDataset, type TestImage } from "../image/datasets/index.js";
import { Inspector } from "../inspect/index.js";
import { checkWritable } from "../output/atomic-file.js";
import type { Evaluation, ImageError } from "./evaluation.js";
import { aborted, examine } from "./examine.js";
import { MeasurementThread } from "./measurement-thread.js";
import { prCurve, rocCurve } from "./metrics/curves.js";
import { f1Max, withoutBound } from "./metrics/f1-max.js";
import { falseAlarms } from "./metrics/false-alarms.js";
import { type CheckedEvaluateOptions, checkEvaluateOptions, type EvaluateOptions } from "./options.js";
import { assemble } from "./report/assemble.js";
import { SheetDrawer } from "./report/cards.js";
import { evaluationFile, writeReport } from "./report/index.js";
import {
  imageAreas,
  imageCurve,
  meanOfKinds,
  medianTimings,
  notesOn,
  notesOnLearned,
  notesOnPromise,
  summarizeDefects,
  summarizeRegions,
} from "./summary.js";

export type { DefectSummary, Evaluation, ImageError, KindMeans, Timings } from "./evaluation.js";
export type { EvaluationCurves } from "./metrics/curves.js";
export type { FalseAlarms, Miou } from "./metrics/index.js";
export type { EvaluateOptions, EvaluateProgress } from "./options.js";

/**
 * Measures a model on the test images of a product, of which some are defective. The test images are used for nothing
 * but this: thresholds are the model's own, the oracle's apart. docs/maths.md, "Metrics".
 * Beside the inspector's memory it takes up to 0.5 GB for scores, however many images there are, and a thread.
 *
 * @returns the metrics; `complete` is false when some images could not be read.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_MODEL, ERR_UFLOW_BAD_WEIGHTS (see `Inspector.open`),
 * ERR_UFLOW_BAD_DATASET (no test images, or none that can be read), ERR_UFLOW_MEMORY, ERR_UFLOW_OUTPUT, ERR_UFLOW_DEVICE, ERR_UFLOW_NETWORK, ERR_UFLOW_ABORTED.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const checked = checkEvaluateOptions(options);
  const { model, data, output, region, ignore, curves: wanted, signal } = checked;
  const images = await testImages(data, checked.layout);
  if (output !== undefined) await checkWritable(join(output, evaluationFile));
  const drawer = output === undefined ? undefined : new SheetDrawer(data);
  const { mapSize, device, manifest, operatingPoint, examination, pixels } = await measureAll(
    images,
    checked,
    drawer,
  );
  const { examined, pictured, errors, alarmsAtWatched, lostRegions } = examination;
  const good = examined.filter(({ kind }) => kind === goodKind);
  const { byKind, curves: pixelCurves, miou, ...pixelNumbers } = pixels;
  const defects = summarizeDefects(examined, byKind);
  const ofImages = imageCurve(examined);
  const alarms = falseAlarms(
    good.map(({ regions }) => regions.length),
    alarmsAtWatched,
  );
  const paths = examined.map(({ path }) => path);
  const learned = await learnedAmong(paths, manifest, () => {
    if (signal?.aborted) throw aborted();
  });
  const goodLogNfa = good.map(({ logNfa }) => logNfa).sort((a, b) => a - b);
  const curves = { imageRoc: rocCurve(ofImages), imagePr: prCurve(ofImages), ...pixelCurves, goodLogNfa };
  const evaluation: Evaluation = {
    model,
    data,
    ...(checked.layout !== "auto" && { layout: checked.layout }),
    images: { good: good.length, defective: examined.length - good.length },
    ...imageAreas(ofImages),
    imageF1Max: withoutBound(f1Max(ofImages)),
    ...pixelNumbers,
    miou,
    falseAlarms: alarms,
    regionDetection: summarizeRegions(examined),
    defects,
    meanOfKinds: meanOfKinds(defects),
    operatingPoint,
    ...(region !== undefined && { region }),
    ...(ignore !== undefined && { ignore }),
    mapSize,
    device,
    timings: medianTimings(examined),
    complete: errors.length === 0,
    errors,
    notes: [
      ...notesOn(examined, errors, pixels.precision, lostRegions),
      ...notesOnPromise(alarms, operatingPoint.epsilon),
      ...notesOnLearned(learned),
    ],
    ...(wanted && { curves }),
  };
  if (output !== undefined && drawer !== undefined) {
    const sheets = drawer.sheets();
    const report = await assemble({ evaluation, curves, examined, images, manifest, sheets });
    await writeReport(output, report, pictured);
  }
  return evaluation;
}

/** @throws UflowError ERR_UFLOW_BAD_DATASET when there is nothing to evaluate on. */
async function testImages(data: string, layout: LayoutName | "auto"): Promise<TestImage[]> {
  const { test } = await readDataset(data, { layout });
  if (test.length > 0) return test;
  throw new UflowError(
    "ERR_UFLOW_BAD_DATASET",
    `${data} holds no test images. Expected good ones in ${join(data, "test", goodKind)}, defective ones in ${join(data, "test", "<defect>")} and their masks in ${join(data, "ground_truth", "<defect>", "<name>_mask.png")}`,
  );
}

/** Inspects the images and counts their pixels. */
async function measureAll(
  images: readonly TestImage[],
  {
    model,
    data,
    layout: _,
    output: __,
    curves: ___,
    signal,
    onNetwork,
    onProgress,
    ...inspection
  }: CheckedEvaluateOptions,
  drawer: SheetDrawer | undefined,
) {
  if (signal?.aborted) throw aborted();
  await using inspector = await Inspector.open(model, { ...inspection, signal, onNetwork });
  const { device, manifest, operatingPoint } = inspector;
  await using measurement = new MeasurementThread({ logEpsilon: operatingPoint.logEpsilon }, signal, aborted);
  const mapSize = inspection.mapSize ?? manifest.mapSize;
  const task = { drawer, signal };
  const examination = await examine(inspector, measurement, images, task, onProgress);
  if (examination.examined.length === 0) throw nothingReadable(data, examination.errors);
  onProgress?.({ phase: "metrics", done: images.length, total: images.length, secondsLeft: null });
  return { examination, pixels: await measurement.result(), mapSize, device, manifest, operatingPoint };
}

function nothingReadable(data: string, errors: readonly ImageError[]): UflowError {
  return new UflowError(
    "ERR_UFLOW_BAD_DATASET",
    `None of the ${errors.length} test images of ${data} can be read; the first: ${errors[0]!.message}`,
  );
}
