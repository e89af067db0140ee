/**
 * The training's worker thread: ONNX Runtime is synchronous inside, so all of the work is done here and the
 * caller's event loop stays free. It writes no file but the checkpoint; the model is sent back whole, at the end.
 */
import { calibrate } from "../a-contrario/calibrate.js";
import type { Calibration } from "../a-contrario/calibration.js";
import type { IgnoredAreas } from "../areas/ignore.js";
import { Sight, type View } from "../areas/sight.js";
import { type Backbone, featureScales } from "../backbone/index.js";
import { type BackboneSource, backboneFrom, networkFrom, weightsRecord } from "../backbone/stored.js";
import { marksOf } from "../bundle/learned-from.js";
import type { BackboneWeights, TrainingSummary } from "../bundle/manifest.js";
import { sha256 } from "../bundle/model.js";
import { UflowError } from "../error.js";
import { type FlowArchitecture, latentScales } from "../flow/architecture.js";
import { energyNetwork } from "../flow/energy-network.js";
import { type FlowParameters, initialParameters } from "../flow/parameters.js";
import { readImageHeader } from "../image/decode.js";
import type { Energy } from "../kernels/index.js";
import type { RunGate } from "../onnx/run-gate.js";
import { workInThread } from "../onnx/thread-work.js";
import { picturesByImage, picturesOf, picturesSeen } from "./augmentation.js";
import type { TrainingIdentity } from "./checkpoint.js";
import { CheckpointKeeper } from "./checkpoint-keeper.js";
import { threadsOf } from "./crew.js";
import type { FeatureCache } from "./feature-cache.js";
import { freeMemory } from "./feature-records.js";
import { computeFeatures } from "./features.js";
import type { FlowLayout } from "./gradient-network.js";
import { type Division, HeldOutImages, usualInterval } from "./held-out.js";
import { chooseImages, type ImageChoice } from "./image-choice.js";
import type { ImageSum } from "./image-sums.js";
import { freshState, isDone, Learning, type LearningPlan, type LearningState } from "./learning.js";
import { checkStepMemory } from "./memory.js";
import { type CheckedTrainOptions, type TrainProgress, tilingOf } from "./options.js";
import type { Preset } from "./presets.js";
import { ProgressTeller } from "./progress.js";
import { throwIfStopped } from "./stop.js";
import { Trainer, untrained } from "./trainer.js";
import { whiteningsOf } from "./whitening.js";

/** What the worker is given. */
export type TrainTask = Omit<
  CheckedTrainOptions,
  | "signal"
  | "onNetwork"
  | "onProgress"
  | "data"
  | "layout"
  | "output"
  | "tensorboard"
  | "ignore"
  | "backbone"
  | "inputSize"
> &
  Preset & {
    source: BackboneSource;
    inputSize: number;
    ignored: IgnoredAreas | undefined;
    images: readonly string[];
    /** What is to be told of the data beside what is found here. */
    notices: readonly string[];
    /** Path of the checkpoint. */
    checkpoint: string;
  };

/** What the worker has made. */
export interface Trained {
  backbone: Uint8Array;
  /** Where those of the backbone stand, when not in it. */
  weights: BackboneWeights | undefined;
  flow: Uint8Array;
  parameters: FlowParameters;
  architecture: FlowArchitecture;
  training: TrainingSummary;
  /** By the good images that were held out; undefined where there are none, or they tell nothing. */
  calibration: Calibration | undefined;
}

type Task = TrainTask & { gate: RunGate };

async function makeModel(
  given: Task,
  signal: AbortSignal,
  send: (progress: TrainProgress) => void,
): Promise<Trained> {
  const { images, sums, division, notices } = await chooseImages(given.images, given, signal);
  const task: Task = { ...given, images };
  const basis = await basisOf(task, division, signal);
  const { backbone, built, architecture, initial, sight, tiles } = basis;
  const plan = planOf(task, division, architecture, tiles);
  const learners = { ...task, threads: threadsOf(task.threads) };
  const stepBytes = checkStepMemory(architecture, plan.images, learners);
  const pictures = picturesOf(task.images, division.learned, task.augment, task.seed, tiles);
  const teller = new ProgressTeller(pictures.length, task.epochs, send);
  for (const notice of [...given.notices, ...notices]) teller.notice(notice);
  const identity = identityOf(task, built.network, sums);
  const keeper = new CheckpointKeeper(task.checkpoint, identity, task.checkpointEvery, (notice) =>
    teller.notice(notice),
  );
  const fresh = freshState(untrained(initial), task.learningRate);
  const start = task.resume ? await keeper.resume(fresh) : fresh;
  const cache = { folder: task.cacheFolder, precision: task.cachePrecision };
  const memory = freeMemory() - stepBytes;
  const { network, folder: weightsFolder } = built;
  const computing = { ...task, pictures, backbone, network, sight, weightsFolder, cache, memory, signal };
  const features = await computeFeatures(computing, (done) => teller.picture(done));
  try {
    const flow = await flowBefore(features, basis, division, signal);
    const trainer = new Trainer(architecture, flow, task);
    const heldOut = await heldOutImages(task, division, basis, flow, features);
    try {
      const state = await learn(plan, { trainer, features, heldOut, teller, keeper }, start, signal);
      return await trained({ task, sums, division }, basis, flow, state, { heldOut, teller });
    } finally {
      await trainer.close();
      await heldOut?.close();
    }
  } finally {
    await features.close();
  }
}

/** The flow as it is before it is trained. */
async function flowBefore(
  features: FeatureCache,
  { architecture, initial, tiles }: Basis,
  { learned }: Division,
  signal: AbortSignal,
): Promise<FlowParameters> {
  if (architecture.normalization !== "whitened") return initial;
  const pictures = [...picturesThatAre(learned, tiles), ...variantsIn(features.images, tiles)];
  const whitenings = await whiteningsOf(features, pictures, architecture.scales, signal);
  return { ...initial, whitenings };
}

/** What a model is made from. */
interface Subject extends Pick<ImageChoice, "sums" | "division"> {
  task: Task;
}

/** What a training begins with; but for its options, all of it is the model's. */
type Basis = Awaited<ReturnType<typeof basisOf>>;

async function basisOf(task: Task, division: Division, signal: AbortSignal) {
  const backbone = backboneFrom(task.source);
  const built = await networkFrom(task.source, task.inputSize);
  throwIfStopped(signal);
  const architecture = architectureOf(backbone, task, division);
  const initial = initialParameters(architecture, task.seed);
  const sight = sightOf(task, backbone);
  /** Per image, how many pictures it is. */
  const tiles = await tilesOf(task.images, sight);
  return { backbone, built, architecture, initial, sight, tiles };
}

/** The model of the best epoch. */
async function trained(
  subject: Subject,
  { built, architecture, sight }: Basis,
  untrainedFlow: FlowParameters,
  state: LearningState,
  { heldOut, teller }: { heldOut: HeldOutImages | undefined; teller: ProgressTeller },
): Promise<Trained> {
  const { task, division } = subject;
  const values = state.best?.values ?? state.flow.values;
  const parameters = { ...untrainedFlow, values };
  const energies = await heldOut?.energies(values);
  const flow = energyNetwork(architecture, parameters);
  const weights = weightsRecord(task.source, built);
  const training = summaryOf(subject, state);
  const views = await viewsOf(
    division.heldOut.map((image) => task.images[image]!),
    sight,
  );
  const calibration = energies && calibrated(energies, views, task.inputSize, teller);
  return { backbone: built.network, weights, flow, parameters, architecture, training, calibration };
}

/**
 * The model's maps are of the size of its input. Images that cannot be fitted, such as copies of one, are told of.
 * @param energies of all tiles of all images, in their order
 */
function calibrated(
  energies: readonly (readonly Energy[])[],
  views: readonly View[],
  mapSize: number,
  teller: ProgressTeller,
): Calibration | undefined {
  try {
    let tile = 0;
    const joined = views.map((view) => {
      const first = tile;
      tile += view.tiles;
      return view.join(energies.slice(first, tile));
    });
    return calibrate(joined, { mapSize }, views);
  } catch (error) {
    if (!(error instanceof UflowError)) throw error;
    teller.notice(`The model is not calibrated by the ${views.length} held-out images: ${error.message}`);
    return undefined;
  }
}

function sightOf(task: Task, { preprocessing, strides }: Backbone): Sight {
  const { inputSize, region, ignored } = task;
  const tiling = tilingOf(task);
  return new Sight({ inputSize, mapSize: inputSize, preprocessing, strides, region, tiling, ignored });
}

/** How many pictures each image is. One that cannot be looked at counts as one, and is named when it is decoded. */
async function tilesOf(paths: readonly string[], sight: Sight): Promise<number[]> {
  if (!sight.isTiled) return paths.map(() => 1);
  const tiles: number[] = [];
  for (const path of paths) {
    const counted = readImageHeader(path).then((size) => sight.view(size).tiles);
    tiles.push(await counted.catch(() => 1));
  }
  return tiles;
}

/** The pictures of these images. @param tiles of all */
function picturesThatAre(images: readonly number[], tiles: readonly number[]): number[] {
  const ofImage = picturesByImage(tiles);
  return images.flatMap((image) => ofImage[image]!);
}

/** The pictures after those of the images as they are: variants of images that are learned from. */
function variantsIn(pictures: number, tiles: readonly number[]): number[] {
  const first = tiles.reduce((sum, count) => sum + count, 0);
  return Array.from({ length: pictures - first }, (_, i) => first + i);
}

/** How images are looked at, by their headers. */
async function viewsOf(paths: readonly string[], sight: Sight): Promise<View[]> {
  const views: View[] = [];
  for (const path of paths) views.push(sight.view(await readImageHeader(path), `"${path}"`));
  return views;
}

function architectureOf(
  backbone: Backbone,
  { inputSize, flowSteps, normalization }: Task,
  { heldOut }: Division,
): FlowArchitecture {
  const scales = featureScales(backbone, inputSize);
  const usual = backbone.normalization;
  // Latents of whitened features are far from ideal ones, which is known of images that were held out.
  const uncalibrated = usual === "whitened" && heldOut.length === 0 ? "standard" : usual;
  return { scales, flowSteps, normalization: normalization ?? uncalibrated };
}

function planOf(
  task: Task,
  division: Division,
  architecture: FlowArchitecture,
  tiles: readonly number[],
): LearningPlan {
  const { epochs, batchSize, learningRate, schedule, seed, patience } = task;
  const latentValues = latentScales(architecture).reduce(
    (sum, { channels, height, width }) => sum + channels * height * width,
    0,
  );
  const validateEvery = task.validateEvery ?? usualInterval(division);
  const { learned } = division;
  const picturesOfEpoch = (epoch: number) =>
    picturesSeen(task.images.length, learned, task.augment, seed, epoch, tiles);
  return {
    ...{ epochs, batchSize, learningRate, schedule, seed, patience, validateEvery, latentValues },
    images: learned.reduce((sum, image) => sum + tiles[image]!, 0),
    picturesOfEpoch,
  };
}

/** Undefined where none are held out. */
async function heldOutImages(
  { batchSize, threads, gate }: Task,
  { heldOut }: Division,
  { architecture, tiles }: Basis,
  layout: FlowLayout,
  features: FeatureCache,
): Promise<HeldOutImages | undefined> {
  const pictures = picturesThatAre(heldOut, tiles);
  if (pictures.length === 0) return undefined;
  return HeldOutImages.open(architecture, layout, features, pictures, { batchSize, threads, gate });
}

/** All of the options but those that change where and how fast a training runs, not what it learns. */
function identityOf(task: Task, network: Uint8Array, sums: readonly ImageSum[]): TrainingIdentity {
  const {
    source,
    images,
    notices,
    ignored,
    checkpoint,
    checkpointEvery,
    resume,
    threads,
    gate,
    cacheFolder,
    ...options
  } = task;
  return { backbone: sha256(network), options, images: sums };
}

/** Trains to the end; what was learned is kept, however it ends. */
async function learn(
  plan: LearningPlan,
  parts: {
    trainer: Trainer;
    features: FeatureCache;
    heldOut: HeldOutImages | undefined;
    teller: ProgressTeller;
    keeper: CheckpointKeeper;
  },
  start: LearningState,
  signal: AbortSignal,
): Promise<LearningState> {
  const { trainer, features, heldOut, teller, keeper } = parts;
  const learning = new Learning(plan, trainer, features, heldOut, start, {
    onStep: (report, state) => teller.step(report, state),
    onRecovery: (notice, state) => teller.notice(notice, state),
    onEpoch: (state) => keeper.keepEpoch(state, isDone(state, plan)),
  });
  teller.startTraining(start, learning.total);
  try {
    const state = await learning.toTheEnd(signal);
    throwIfStopped(signal);
    return state;
  } catch (error) {
    throw await keeper.keepAfter(error, learning.state);
  }
}

function summaryOf({ task, sums, division }: Subject, state: LearningState): TrainingSummary {
  const { learned, heldOut } = division;
  const { epochs, batchSize, learningRate, weightDecay, featureNoise, seed, schedule, patience } = task;
  const { augment, cachePrecision } = task;
  const { losses, heldOutLosses, best, recoveries } = state;
  return {
    images: learned.length,
    learnedFrom: marksOf(learned.map((image) => sums[image]!.sha256)),
    epochs,
    batchSize,
    learningRate,
    weightDecay,
    seed,
    ...(featureNoise > 0 && { featureNoise }),
    ...(augment && { augment }),
    ...(cachePrecision === "float16" && { cachePrecision }),
    losses: [...losses],
    schedule,
    ...(best && { heldOut: { images: heldOut.length, losses: [...heldOutLosses], patience } }),
    chosenEpoch: best?.epoch ?? losses.length,
    ...(recoveries.length > 0 && { recoveries: [...recoveries] }),
  };
}

workInThread<TrainTask, TrainProgress, Trained>(makeModel);
