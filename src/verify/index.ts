import { basename, join } from "node:path";
import { z } from "zod";
import { operatingPointShape, resolveOperatingPoint } from "../a-contrario/operating-point.js";
import type { Manifest } from "../bundle/manifest.js";
import { sha256 } from "../bundle/model.js";
import { readModel } from "../bundle/read.js";
import { UflowError } from "../error.js";
import { fileSum } from "../input/file-sum.js";
import { withWeightsFolder } from "../inspect/weights-folder.js";
import { thisMachine } from "../machine.js";
import { checkWritable } from "../output/atomic-file.js";
import {
  type Certificate,
  type CertifiedImage,
  type Comparison,
  type ModelSummary,
  schemaVersion,
  seal,
  type WayResult,
} from "./certificate.js";
import { Earlier } from "./earlier.js";
import { type Comparable, excess, figuresOf, type Limits, limits } from "./figures.js";
import { type TestImage, testImages } from "./images.js";
import { type CheckedVerifyOptions, checkVerifyOptions, type VerifyOptions } from "./options.js";
import { certificateFile, mapBytes, writeReport } from "./report.js";
import { isUnavailable, type Run, runWay } from "./run.js";
import { reference, type Way, waysOf } from "./ways.js";

export type { Certificate } from "./certificate.js";
export type { VerifyOptions, VerifyProgress } from "./options.js";

/**
 * Runs the same images through a model in every way in which this machine can run it, and compares each way with one
 * reference way, and that with the reference way of an earlier certificate. docs/verify.md.
 *
 * @returns the certificate; its verdict is FAIL when some way, or the comparison with the earlier one, is beyond its
 * limits or broke down. `complete` is false when some images could not be read.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_MODEL, ERR_UFLOW_BAD_IMAGE (no images, or none that can be
 * read), ERR_UFLOW_BAD_CERTIFICATE, ERR_UFLOW_OUTPUT, ERR_UFLOW_ABORTED, and what opening or running the reference way
 * throws: ERR_UFLOW_NETWORK, ERR_UFLOW_LANE.
 */
export async function verify(options: VerifyOptions): Promise<Certificate> {
  const checked = checkVerifyOptions(options);
  try {
    return await certify(checked);
  } catch (error) {
    if (!checked.signal?.aborted) throw error;
    throw new UflowError("ERR_UFLOW_ABORTED", "The verification was cancelled; nothing was written", {
      cause: error,
    });
  }
}

async function certify(options: CheckedVerifyOptions): Promise<Certificate> {
  const { model, output, against, images: folder, count, seed } = options;
  const read = await readModel(model);
  const { manifest } = read;
  const operating = z.object(operatingPointShape).parse(options);
  const { epsilon, tail, tests, background, nfa } = resolveOperatingPoint(operating, manifest.calibration, {
    ...manifest,
    precision: "float32",
  });
  const summary = await summarize(model, manifest);
  if (output !== undefined) await checkWritable(join(output, certificateFile));
  const { images, errors } = await testImages(folder, options);
  const about = {
    model: summary,
    operatingPoint: { epsilon, tail, tests, background, nfa },
    source: {
      folder: folder === undefined ? null : basename(folder),
      seed: folder === undefined ? seed : null,
      count,
    },
  };
  const earlier = against === undefined ? undefined : await Earlier.open(against);
  earlier?.expectSame(about, images);
  const earlierMaps = await earlier?.maps();
  await withWeightsFolder(read, options);
  const machine = thisMachine();
  const wayOf = (way: Way): Way => ({ ...way, options: { ...way.options, ...operating } });
  const ways = waysOf(machine).map(wayOf);
  const progress = counter(images.length * (1 + ways.length), options);
  const wanted = await runWay(wayOf(reference), model, images, progress(reference, 0), options.signal);
  const results: WayResult[] = [];
  for (const [i, way] of ways.entries()) {
    const onImage = progress(way, images.length * (1 + i));
    results.push(await tryWay(way, manifest.backbone, options, images, wanted.inspected, onImage));
  }
  const compared = earlier && comparison(wanted.inspected, earlierMaps!, limits.float32);
  const decisive = [
    ...results.filter(({ precision }) => precision !== "float16"),
    ...(compared ? [compared] : []),
  ];
  const passed = decisive.every(({ outcome }) => outcome !== "failed");
  const certificate = seal({
    kind: "uflow certificate of parity",
    schemaVersion,
    verdict: passed ? "PASS" : "FAIL",
    complete: errors.length === 0,
    date: new Date().toISOString(),
    ...about,
    machine,
    images: images.map((image, i) => certified(image, wanted.inspected[i]!)),
    errors,
    reference: { name: reference.name, milliseconds: wanted.milliseconds },
    ways: results,
    against: compared ? { ...origin(earlier), ...compared } : null,
  });
  if (output !== undefined) await writeReport(output, certificate, wanted.inspected);
  return certificate;
}

async function summarize(path: string, manifest: Manifest): Promise<ModelSummary> {
  const { engine, backbone, inputSize, mapSize, flowSteps, training } = manifest;
  return {
    file: basename(path),
    sha256: await fileSum(path),
    engine,
    backbone,
    inputSize,
    mapSize,
    flowSteps,
    trainedOn: training?.images ?? null,
  };
}

/** Never rejects for what is wrong with a way, except when all is cancelled or an image is no longer what it was. */
async function tryWay(
  way: Way,
  backbone: Manifest["backbone"],
  { model, signal }: CheckedVerifyOptions,
  images: readonly TestImage[],
  wanted: readonly Comparable[],
  onImage: (done: number) => void,
): Promise<WayResult> {
  const { name, precision } = way;
  const allowed = limits[precision];
  let run: Run;
  try {
    run = await runWay(way, model, images, onImage, signal);
  } catch (error) {
    if (signal?.aborted || !(error instanceof UflowError) || error.code === "ERR_UFLOW_BAD_IMAGE")
      throw error;
    return {
      name,
      precision,
      device: null,
      instructionSet: null,
      outcome: isUnavailable(way, error, backbone) ? "unavailable" : "failed",
      reason: error.message,
      figures: null,
      limits: allowed,
      milliseconds: null,
    };
  }
  const { device, instructionSet, inspected, milliseconds } = run;
  return { name, precision, device, instructionSet, ...comparison(inspected, wanted, allowed), milliseconds };
}

function comparison(got: readonly Comparable[], wanted: readonly Comparable[], allowed: Limits): Comparison {
  const figures = figuresOf(got, wanted);
  const beyond = excess(figures, allowed);
  return {
    outcome: beyond.length === 0 ? "passed" : "failed",
    reason: beyond.length === 0 ? null : beyond.join("; "),
    figures,
    limits: allowed,
  };
}

function certified({ load: _, ...image }: TestImage, inspected: Comparable): CertifiedImage {
  const { anomaly, mask } = mapBytes(inspected);
  const { anomalous, logNfa } = inspected;
  return { ...image, anomalous, logNfa, maps: { anomaly: sha256(anomaly), mask: sha256(mask) } };
}

function origin({ certificate }: Earlier) {
  const { machine, date, contentSha256 } = certificate;
  return { machine, date, contentSha256 };
}

/** Per way, what to call after each image; a way that cannot be had leaves its images out. */
function counter(total: number, { onProgress }: CheckedVerifyOptions) {
  return ({ name }: Way, before: number) =>
    (done: number) =>
      onProgress?.({ way: name, done: before + done, total });
}
