import { z } from "zod";
import { UflowError } from "../error.js";
import type { Tail, Tests } from "../kernels/index.js";
import { type Calibration, tailSchema, testsSchema } from "./calibration.js";
import { allowedRejects, imagesNeeded, rejectRateBound } from "./false-rejects.js";

/** What an energy is by chance: χ² as the flow is meant to make it, or as it was fitted to good images. */
export type BackgroundKind = "ideal" | "calibrated";

/** How regions are tested and when one is detected. What contradicts itself or the model is refused when it is opened. */
export interface OperatingPointOptions {
  /** Expected false alarms per image, > 0. Default 1. */
  epsilon?: number | undefined;
  /**
   * Instead of `epsilon`: at most one good part in so many (2 … 1e6) is to be rejected, with this confidence (0.5 … below 1,
   * default 0.95). Sets the threshold on log NFA by the good images that the model was calibrated with, and `tests` and
   * `tail` too where they are not given. Refused where these images are too few to promise it. docs/maths.md, "Calibration".
   */
  falseRejects?: { oneIn: number; confidence?: number } | undefined;
  /**
   * `reference`: what the Python reference does, `nfa` "tree", `tests` "all", `tail` "chernoff", `background` "ideal". An
   * option beside it that says otherwise is refused.
   */
  preset?: "reference" | undefined;
  /**
   * What is tested: `tree` (default) regions of high energy, `block` windows by how many values in them are large, which
   * takes none of `tail`, `tests`, `background`, `falseRejects`. docs/maths.md.
   */
  nfa?: "tree" | "block" | undefined;
  /**
   * What is chance. `calibrated`, the default where the model has a calibration: what the joint energy of all scales is on
   * good images that were held out. `ideal`, else: what it is of white noise. docs/maths.md.
   */
  background?: BackgroundKind | undefined;
  /** Default `exact`. `chernoff` is the Python reference's formula. */
  tail?: Tail | undefined;
  /**
   * How the number of tests is counted. Default `by-size`: every size of region has its own, in cells of correlated pixels.
   * `per-scale`: every scale has its own. `all` is the Python reference's single number, which misses small regions. On an
   * ideal background these two test the energy of each scale instead of the joint one. docs/maths.md.
   */
  tests?: Tests | undefined;
}

export const operatingPointShape = {
  epsilon: z.number().positive().optional(),
  falseRejects: z
    .strictObject({ oneIn: z.number().min(2).max(1e6), confidence: z.number().min(0.5).lt(1).default(0.95) })
    .optional(),
  preset: z.enum(["reference"]).optional(),
  nfa: z.enum(["tree", "block"]).default("tree"),
  background: z.enum(["ideal", "calibrated"]).optional(),
  tail: tailSchema.optional(),
  tests: testsSchema.optional(),
};

type Checked = z.output<z.ZodObject<typeof operatingPointShape>>;

/** What an inspection goes by. Plain data. */
export interface OperatingPoint {
  /** 10^logEpsilon, within what doubles can hold. */
  epsilon: number;
  /** A region is detected, and the image anomalous, where log₁₀ NFA is below it. */
  logEpsilon: number;
  nfa: "tree" | "block";
  tail: Tail;
  tests: Tests;
  background: BackgroundKind;
  /** Where the threshold was set by the good images of the calibration, what they vouch for; else null. */
  falseRejects: {
    oneIn: number;
    confidence: number;
    /** Good images of the calibration, and how many of them the threshold may reject. */
    images: number;
    rejected: number;
    /** What they bound the rate of false rejects by, ≤ 1/oneIn. */
    bound: number;
  } | null;
  /** All this in words. */
  text: string;
}

interface Inspecting {
  mapSize: number;
  precision: "float32" | "float16";
  /** Whether another part of the images is looked at than when the model was calibrated. Default false. */
  otherAreas?: boolean;
  /** Whether areas of the images are ignored. Default false. */
  ignores?: boolean;
}

type Test = Pick<OperatingPoint, "nfa" | "tail" | "tests" | "background">;

const presets: Record<"reference", Test> = {
  reference: { nfa: "tree", tail: "chernoff", tests: "all", background: "ideal" },
};

/** The rule that measures best (docs/results.md); meant where nothing is said. */
export const defaultTests: Tests = "by-size";

/**
 * The operating point that is meant by these options for a model.
 * @param inspection what the numbers are computed with: the side of the maps, the networks' precision, and whether areas
 * are others than at the calibration
 * @throws UflowError ERR_UFLOW_BAD_OPTION where the options contradict one another or the model, or where its calibration
 * cannot promise what is wanted; the message says what it can.
 */
export function resolveOperatingPoint(
  options: Checked,
  calibration: Calibration | undefined,
  inspection: Inspecting,
): OperatingPoint {
  const problems = [...contradictions(options, calibration)];
  if (problems.length > 0) throw wrong(problems.join("; "));
  const { nfa, falseRejects, preset, epsilon = 1 } = options;
  const background = options.background ?? (calibration && nfa === "tree" ? "calibrated" : "ideal");
  const test: Test = {
    ...{ background, tail: "exact", tests: defaultTests },
    ...(falseRejects && { tail: calibration!.test.tail, tests: calibration!.test.tests }),
    ...(preset && presets[preset]),
    ...chosen(options),
  };
  if (inspection.ignores && nfa === "tree") checkIgnorable(test.tail);
  const promise = falseRejects && promised(falseRejects, calibration!, test, inspection);
  const logEpsilon = promise ? promise.logEpsilon : Math.log10(epsilon);
  const point = {
    epsilon: promise ? Math.min(10 ** logEpsilon, Number.MAX_VALUE) : epsilon,
    logEpsilon,
    ...test,
    falseRejects: promise?.falseRejects ?? null,
  };
  return { ...point, text: inWords(point, calibration) };
}

/**
 * What is ignored has the energy 0, which the formula of Chernoff's bound takes for the most improbable of all.
 * @throws UflowError ERR_UFLOW_BAD_OPTION
 */
export function checkIgnorable(tail: Tail | undefined): void {
  if (tail !== "chernoff") return;
  throw wrong(
    'tail: "chernoff" takes what is calmer than chance for improbable, so that nothing can be ignored with it; use "exact", or leave ignore out (null)',
  );
}

/** The part of the test that was chosen explicitly. */
function chosen({ nfa, tail, tests, background }: Checked): Pick<Test, "nfa"> & Partial<Test> {
  return { nfa, ...(tail && { tail }), ...(tests && { tests }), ...(background && { background }) };
}

const calibrateIt = 'calibrate it with "uflow calibrate" (recalibrate())';

function* contradictions(options: Checked, calibration: Calibration | undefined): Generator<string> {
  const { preset, nfa, epsilon, falseRejects, background } = options;
  for (const [name, value] of Object.entries(chosen(options))) {
    const wanted = preset && presets[preset][name as keyof Test];
    if (wanted && wanted !== value)
      yield `${name}: preset "${preset}" means "${wanted}", but received "${value}"`;
    if (nfa === "block" && name !== "nfa") yield `${name}: nfa "block" takes none, but received "${value}"`;
  }
  if (background === "calibrated" && !calibration) {
    yield `background: "calibrated" needs a calibration, and the model has none: ${calibrateIt}`;
  }
  if (!falseRejects) return;
  if (epsilon !== undefined) yield "falseRejects: epsilon sets the threshold too; leave one of the two out";
  if (preset)
    yield `falseRejects: good images were judged with the calibrated background, preset "${preset}" has another`;
  if (nfa === "block") yield 'falseRejects: good images were judged by regions, and nfa is "block"';
  if (background === "ideal") {
    yield 'falseRejects: good images were judged with the calibrated background, and background is "ideal"';
  }
  if (!calibration) yield `falseRejects: it needs a calibration, and the model has none: ${calibrateIt}`;
}

/** The threshold that good images vouch for: an order statistic of their log NFA. */
function promised(
  { oneIn, confidence }: NonNullable<Checked["falseRejects"]>,
  { test: judged, images, logNfa }: Calibration,
  { tail, tests }: Test,
  { mapSize, precision, otherAreas }: Inspecting,
): { logEpsilon: number; falseRejects: NonNullable<OperatingPoint["falseRejects"]> } {
  if (judged.tail !== tail || judged.tests !== tests || judged.mapSize !== mapSize) {
    throw wrong(
      `falseRejects: good images were judged with tail "${judged.tail}", tests "${judged.tests}" and maps of ${judged.mapSize} pixels, and wanted are "${tail}", "${tests}" and ${mapSize}: leave these options out, or ${calibrateIt} so`,
    );
  }
  if (precision === "float16") {
    throw wrong('falseRejects: good images were judged by networks in float32, and precision is "float16"');
  }
  if (otherAreas) {
    throw wrong(
      "falseRejects: good images were judged in the areas of the model, and wanted are others: leave region and ignore out, or train or calibrate with them",
    );
  }
  const rejected = allowedRejects(images, 1 / oneIn, confidence);
  if (rejected < 0) throw wrong(`falseRejects: ${tooFew(images, oneIn, confidence)}`);
  const bound = rejectRateBound(rejected, images, confidence);
  return { logEpsilon: logNfa[rejected]!, falseRejects: { oneIn, confidence, images, rejected, bound } };
}

function tooFew(images: number, oneIn: number, confidence: number): string {
  const possible = `the ${images} of the model's calibration can promise ${promise(images, confidence)}`;
  const wayOn = bestOneIn(images, confidence) === undefined ? "" : "ask for that, or ";
  return `one in ${oneIn} at ${percent(confidence)} confidence needs ${imagesNeeded(1 / oneIn, confidence)} good images, and ${possible}: ${wayOn}give more good images to "uflow calibrate" (recalibrate())`;
}

/** The best that can be promised by so many good images. */
export function promise(images: number, confidence: number): string {
  const oneIn = bestOneIn(images, confidence);
  return oneIn === undefined ? "nothing" : `one false reject in ${oneIn} parts`;
}

/** The same as a number of parts, for `falseRejects.oneIn`; undefined where nothing can be promised. */
export function bestOneIn(images: number, confidence: number): number | undefined {
  // The bound is (1 − confidence)^(1/images), rounded: one in 20 must not become one in 19.
  const oneIn = Math.floor(1 / rejectRateBound(0, images, confidence) + 1e-9);
  return oneIn < 2 ? undefined : oneIn;
}

const percent = (share: number) => `${Number((100 * share).toPrecision(6))} %`;

function inWords(point: Omit<OperatingPoint, "text">, calibration: Calibration | undefined): string {
  return `${testInWords(point, calibration)}; ${thresholdInWords(point)}`;
}

function testInWords({ nfa, tail, tests, background }: Test, calibration: Calibration | undefined): string {
  if (nfa === "block") return "windows (nfa block)";
  const fitted = background === "calibrated" ? `calibrated on ${calibration!.images} good images` : "ideal";
  return `regions, tail ${tail}, tests ${tests}, background ${fitted}`;
}

function thresholdInWords({ epsilon, logEpsilon, falseRejects }: Omit<OperatingPoint, "text">): string {
  if (!falseRejects)
    return `anomalous below log NFA ${round(logEpsilon)} (ε = ${epsilon}, the false alarms to expect per image)`;
  const { oneIn, confidence, images, rejected } = falseRejects;
  return `anomalous below log NFA ${round(logEpsilon)}: at most one good part in ${oneIn} rejected, ${percent(confidence)} confidence (${rejected} of ${images} good images are below)`;
}

const round = (value: number) => String(Number(value.toFixed(2)));

function wrong(problem: string): UflowError {
  return new UflowError("ERR_UFLOW_BAD_OPTION", `Wrong options for the operating point: ${problem}`);
}
