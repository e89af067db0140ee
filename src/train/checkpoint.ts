/**
 * The file beside the model from which a training goes on: a safetensors file of the flat vectors, with all else as JSON
 * in its metadata and the SHA-256 of both.
 */
import { createHash } from "node:crypto";
import { access } from "node:fs/promises";
import { z } from "zod";
import { heldOutLossSchema, recoverySchema } from "../bundle/manifest.js";
import { messageOf, UflowError } from "../error.js";
import { RandomAccessFile, type Refuse } from "../input/random-access-file.js";
import { engineVersion } from "../version.js";
import { readFloats } from "../weights/placed-tensor.js";
import { readSafetensors, writeSafetensors } from "../weights/safetensors.js";
import { numberBytes, type Tensor } from "../weights/tensor.js";
import { differenceOf, type ImageSum } from "./image-sums.js";
import type { LearningState } from "./learning.js";

/** Where the checkpoint of a model stands. */
export const checkpointPath = (output: string) => `${output}.training`;

/** What must be the same for a training to go on; all but the learning rate, which may be another from then on. */
export interface TrainingIdentity {
  /** SHA-256 of the backbone's network. */
  backbone: string;
  /** All options that say what is learned. */
  options: Readonly<Record<string, unknown>> & { learningRate: number };
  images: readonly ImageSum[];
}

const contentSchema = z.strictObject({
  engine: z.string(),
  backbone: z.string(),
  options: z.looseObject({ learningRate: z.number() }),
  images: z.array(z.strictObject({ name: z.string(), sha256: z.string().optional() })),
  steps: z.int().nonnegative(),
  losses: z.array(z.number()),
  heldOutLosses: z.array(heldOutLossSchema),
  bestEpoch: z.int().positive().nullable(),
  recoveries: z.array(recoverySchema),
});

type Content = z.infer<typeof contentSchema>;

/** Writes it whole or not at all. @throws UflowError ERR_UFLOW_OUTPUT; the one before is then untouched. */
export async function writeCheckpoint(
  path: string,
  identity: TrainingIdentity,
  state: LearningState,
): Promise<void> {
  const { flow, best, losses, heldOutLosses, recoveries } = state;
  const content: Content = {
    engine: engineVersion,
    ...identity,
    images: [...identity.images],
    steps: flow.steps,
    losses: [...losses],
    heldOutLosses: [...heldOutLosses],
    bestEpoch: best?.epoch ?? null,
    recoveries: [...recoveries],
  };
  const json = JSON.stringify(content);
  const vectors = { values: flow.values, firstMoment: flow.firstMoment, secondMoment: flow.secondMoment };
  const all = Object.entries({ ...vectors, ...(best && { best: best.values }) });
  const tensors = new Map<string, Tensor>(all.map(([name, data]) => [name, { shape: [data.length], data }]));
  const sha256 = sumOf(
    json,
    all.map(([, data]) => data),
  );
  await writeSafetensors(path, tensors, { training: json, sha256 });
}

/**
 * The state of a training that was interrupted; undefined where there is none.
 * @param parameters numbers in the flow's flat vector
 * @throws UflowError ERR_UFLOW_BAD_CHECKPOINT when it is damaged, or of other images, options or another engine: the
 * message names all that differs.
 */
export async function readCheckpoint(
  path: string,
  identity: TrainingIdentity,
  parameters: number,
): Promise<LearningState | undefined> {
  if (!(await exists(path))) return undefined;
  const refuse: Refuse = (reason, cause) =>
    new UflowError(
      "ERR_UFLOW_BAD_CHECKPOINT",
      `Cannot resume from "${path}": ${reason}. Train without "resume" to begin anew`,
      { cause },
    );
  const file = await RandomAccessFile.open(path, refuse);
  try {
    const { content, vectors } = await readWhole(file);
    const differences = differencesOf(content, identity);
    if (differences.length > 0) throw refuse(`it is of another training; ${differences.join("; ")}`);
    const state = stateOf(content, vectors, parameters);
    if (!state) throw refuse("its parts do not fit together");
    const asked = identity.options.learningRate;
    return asked === content.options.learningRate ? state : withRate(state, asked);
  } finally {
    await file.close();
  }
}

async function readWhole(file: RandomAccessFile) {
  const { tensors, metadata } = await readSafetensors(file);
  const json = String(metadata.get("training"));
  const vectors = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) vectors.set(name, await readFloats(file, tensor));
  if (metadata.get("sha256") !== sumOf(json, vectors.values())) {
    throw file.refuse("it is damaged: its checksum is not that of its content");
  }
  return { content: parsed(file, json), vectors };
}

function parsed(file: RandomAccessFile, json: string): Content {
  try {
    return contentSchema.parse(JSON.parse(json));
  } catch (error) {
    throw file.refuse(`it is damaged, or of another version of the engine: ${messageOf(error)}`, error);
  }
}

function differencesOf(before: Content, now: TrainingIdentity): string[] {
  const differences: string[] = [];
  if (before.engine !== engineVersion) differences.push(`engine ${before.engine}, now ${engineVersion}`);
  if (before.backbone !== now.backbone) differences.push("another backbone, or the same with other weights");
  for (const name of new Set([...Object.keys(before.options), ...Object.keys(now.options)])) {
    const then = shown(before.options[name]);
    const wanted = shown(now.options[name]);
    if (then !== wanted && name !== "learningRate") differences.push(`${name} was ${then}, now ${wanted}`);
  }
  const images = differenceOf(before.images, now.images);
  if (images) differences.push(`other images (${images})`);
  return differences;
}

const shown = (value: unknown) => (value === undefined ? "not given" : JSON.stringify(value));

/** Undefined where the parts do not belong together, which no file is that was written here. */
function stateOf(
  { losses, heldOutLosses, recoveries, bestEpoch, steps, options }: Content,
  vectors: ReadonlyMap<string, Float32Array>,
  parameters: number,
): LearningState | undefined {
  const [values, firstMoment, secondMoment, best] = ["values", "firstMoment", "secondMoment", "best"].map(
    (name) => vectors.get(name),
  );
  if (!values || !firstMoment || !secondMoment || (bestEpoch === null) !== (best === undefined))
    return undefined;
  if ([...vectors.values()].some(({ length }) => length !== parameters)) return undefined;
  return {
    flow: { values, firstMoment, secondMoment, steps },
    losses,
    heldOutLosses,
    best: best ? { epoch: bestEpoch!, values: best } : null,
    recoveries,
    learningRate: recoveries.at(-1)?.learningRate ?? options.learningRate,
  };
}

/** The state, to go on with another rate than before. */
function withRate(state: LearningState, learningRate: number): LearningState {
  const recovery = { epoch: state.losses.length, reason: "resumed", learningRate } as const;
  return { ...state, learningRate, recoveries: [...state.recoveries, recovery] };
}

function sumOf(json: string, vectors: Iterable<Float32Array>): string {
  const hash = createHash("sha256").update(json);
  for (const vector of vectors) hash.update(numberBytes(vector));
  return hash.digest("hex");
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    (error) => error.code !== "ENOENT",
  );
