import { freemem } from "node:os";
import { join } from "node:path";
import { UflowError } from "../error.js";
import { type LayoutName, readDataset, type TestImage } from "../image/datasets/index.js";
import { Inspector } from "../inspect/index.js";
import { checkWritable } from "../output/atomic-file.js";
import type { Evaluation, ImageError } from "./evaluation.js";
import { aborted, type Examined, examine, goodKind } from "./examine.js";
import { imageAuroc } from "./metrics/auroc.js";
import { falseAlarms } from "./metrics/false-alarms.js";
import { type CheckedEvaluateOptions, checkEvaluateOptions, type EvaluateOptions } from "./options.js";
import { pixelMetrics } from "./pixel-metrics.js";
import { evaluationFile, writeReport } from "./report.js";
import { selectImages } from "./selection.js";
import { medianTimings, notesOn, summarizeDefects } from "./summary.js";

export type { DefectSummary, Evaluation, ImageError, Timings } from "./evaluation.js";
export type { FalseAlarms, Miou } from "./metrics/index.js";
export type { EvaluateOptions, EvaluateProgress } from "./options.js";

/**
 * Measures a model on the test images of a product, of which some are defective. The test images are used for nothing
 * but this: thresholds are the model's own, the oracle's apart. docs/maths.md, "Metrics".
 *
 * @returns the metrics; `complete` is false when some images could not be read.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_MODEL, ERR_UFLOW_BAD_WEIGHTS (see `Inspector.open`),
 * ERR_UFLOW_BAD_DATASET (no test images, or none that can be read), ERR_UFLOW_MEMORY, ERR_UFLOW_OUTPUT, ERR_UFLOW_DEVICE, ERR_UFLOW_NETWORK, ERR_UFLOW_ABORTED.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const checked = checkEvaluateOptions(options);
  const { model, data, output, epsilon, tail, tests, signal, onProgress } = checked;
  const images = await testImages(data, checked.layout);
  if (output !== undefined) await checkWritable(join(output, evaluationFile));
  const { mapSize, device, ...examination } = await inspectAll(images, checked);
  const { examined, errors, miou } = examination;
  if (examined.length === 0) throw nothingReadable(data, errors);
  // The thread of the pixel metrics takes the maps; those that are to be drawn are kept back.
  const selected = output === undefined ? [] : selectImages(examined).map(withOwnMap);
  onProgress?.({ phase: "metrics", done: images.length, total: images.length, secondsLeft: null });
  const good = examined.filter(({ kind }) => kind === goodKind);
  const evaluation: Evaluation = {
    model,
    data,
    images: { good: good.length, defective: examined.length - good.length },
    imageAuroc: imageAuroc(
      examined.map(({ anomalyScore }) => anomalyScore),
      examined.map(({ kind }) => kind !== goodKind),
    ),
    ...(await pixelMetrics(examined, signal)),
    miou,
    falseAlarms: falseAlarms(good.map(({ regions }) => regions.length)),
    defects: summarizeDefects(examined),
    operatingPoint: { epsilon, logEpsilon: Math.log10(epsilon), tail, tests },
    mapSize,
    device,
    timings: medianTimings(examined),
    complete: errors.length === 0,
    errors,
    notes: notesOn(examined, errors),
  };
  if (output !== undefined) await writeReport(output, evaluation, examined, selected);
  return evaluation;
}

function withOwnMap(image: Examined): Examined {
  return { ...image, anomalyMap: { ...image.anomalyMap, data: image.anomalyMap.data.slice() } };
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

async function inspectAll(images: readonly TestImage[], options: CheckedEvaluateOptions) {
  const { model, device, epsilon, tail, tests, threads, mapSize: wanted, signal, onProgress } = options;
  if (signal?.aborted) throw aborted();
  const operating = { device, epsilon, tail, tests, threads };
  await using inspector = await Inspector.open(model, wanted ? { ...operating, mapSize: wanted } : operating);
  const mapSize = wanted ?? inspector.manifest.mapSize;
  checkMemory(images.length, mapSize);
  const logEpsilon = Math.log10(epsilon);
  const examination = await examine(inspector, images, { mapSize, logEpsilon, signal }, onProgress);
  return { ...examination, mapSize, device: inspector.device };
}

/** Per pixel: the anomaly map (4 bytes), the mask and its copy for the thread (1 each), and the key that is sorted (4). */
const bytesPerPixel = 10;

/** @throws UflowError ERR_UFLOW_MEMORY, before any work, when what the metrics need would not fit into memory. */
function checkMemory(images: number, mapSize: number): void {
  const bytes = bytesPerPixel * images * mapSize ** 2;
  const limit = 0.8 * freemem();
  if (bytes <= limit) return;
  const gigabytes = (amount: number) => `${(amount / 2 ** 30).toFixed(1)} GiB`;
  throw new UflowError(
    "ERR_UFLOW_MEMORY",
    `The maps of ${images} images at ${mapSize} × ${mapSize} pixels need ${gigabytes(bytes)}, and ${gigabytes(limit)} of memory can be had. Use a smaller map size.`,
  );
}

function nothingReadable(data: string, errors: readonly ImageError[]): UflowError {
  return new UflowError(
    "ERR_UFLOW_BAD_DATASET",
    `None of the ${errors.length} test images of ${data} can be read; the first: ${errors[0]!.message}`,
  );
}
