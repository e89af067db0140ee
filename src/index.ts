/**
 * The public door: what a user may import, and nothing else. The native core is `uflow/kernels`, metrics of your own maps are
 * `uflow/metrics`. What a program that inspects does not need is loaded when it is first called.
 */
import type * as backbone from "./backbone/import.js";
import type * as calibrate from "./calibrate/index.js";
import type * as exporting from "./convert/export.js";
import type * as importing from "./convert/import.js";
import type * as evaluation from "./evaluate/index.js";
import type * as datasets from "./image/datasets/index.js";
import type * as surveys from "./image/datasets/survey.js";
import { lazily } from "./lazily.js";
import type * as overlay from "./picture/overlay.js";
import type * as speed from "./speed/index.js";
import type * as study from "./study/index.js";
import type * as training from "./train/index.js";
import type * as verification from "./verify/index.js";

export type { Calibration } from "./a-contrario/calibration.js";
export type { IgnoreOptions, Polygon } from "./areas/ignore.js";
export type { ImportBackboneOptions } from "./backbone/import.js";
export type { BackboneName } from "./backbone/index.js";
export type { NetworkProgress } from "./backbone/network-progress.js";
export { openBackboneStore as openStore } from "./backbone/stored.js";
export type { Manifest } from "./bundle/manifest.js";
export { readModel } from "./bundle/read.js";
export type { RecalibrateOptions } from "./calibrate/index.js";
export type { ExportOptions } from "./convert/export.js";
export type { ImportReferenceOptions } from "./convert/import.js";
export {
  DriftMonitor,
  type DriftOptions,
  type DriftState,
  type Finding as DriftFinding,
  type Monitored,
} from "./drift/index.js";
export { UflowError, type UflowErrorCode } from "./error.js";
export type { EvaluateOptions, EvaluateProgress, Evaluation, EvaluationCurves } from "./evaluate/index.js";
export type { Area } from "./image/area.js";
export type { Category, Dataset, LayoutName, TestImage } from "./image/datasets/index.js";
export type { CategorySurvey, Problem, Survey, SurveyOptions } from "./image/datasets/survey.js";
export {
  type Comparison,
  type Device,
  type DeviceName,
  type Findings,
  type ImageSource,
  type Inspection,
  type InspectOptions,
  Inspector,
  type InspectorOptions,
  type InspectorStats,
  type Latency,
  type OpenOptions,
  type OperatingPoint,
  type OperatingPointOptions,
  type Outcome,
  type PixelMap,
  type Shadow,
  type ShadowOptions,
  type ShadowStats,
  type StreamOptions,
  type StreamOutcome,
  type Timings,
  type TriedDevice,
  type Undecided,
  type WantedMaps,
} from "./inspect/index.js";
export type { PixelFormat, RawFrame, RawImage, Region } from "./kernels/index.js";
export type { Overlaid } from "./picture/overlay.js";
export {
  type LogLevel,
  type NewKey,
  newKey,
  type Service,
  type ServiceOptions,
  startService,
} from "./serve/index.js";
export type { Speed, SpeedOptions } from "./speed/index.js";
export type { Study, StudyOptions, StudyProgress } from "./study/index.js";
export type { TrainOptions, TrainProgress } from "./train/index.js";
export type { Certificate, VerifyOptions, VerifyProgress } from "./verify/index.js";
export { engineVersion } from "./version.js";
export type { ListedBackbone, PullOptions, Store, StoredBackbone } from "./weights/store/index.js";

// Their types name the functions themselves, so that editors show what is said of them there.
export const train: typeof training.train = lazily(() => import("./train/index.js"), "train");
export const recalibrate: typeof calibrate.recalibrate = lazily(
  () => import("./calibrate/index.js"),
  "recalibrate",
);
export const evaluate: typeof evaluation.evaluate = lazily(() => import("./evaluate/index.js"), "evaluate");
export const evaluateAll: typeof study.evaluateAll = lazily(() => import("./study/index.js"), "evaluateAll");
export const verify: typeof verification.verify = lazily(() => import("./verify/index.js"), "verify");
export const measureSpeed: typeof speed.measureSpeed = lazily(
  () => import("./speed/index.js"),
  "measureSpeed",
);
export const importBackbone: typeof backbone.importBackbone = lazily(
  () => import("./backbone/import.js"),
  "importBackbone",
);
export const importReference: typeof importing.importReference = lazily(
  () => import("./convert/import.js"),
  "importReference",
);
export const exportModel: typeof exporting.exportModel = lazily(
  () => import("./convert/export.js"),
  "exportModel",
);
export const readDataset: typeof datasets.readDataset = lazily(
  () => import("./image/datasets/index.js"),
  "readDataset",
);
export const findCategories: typeof datasets.findCategories = lazily(
  () => import("./image/datasets/index.js"),
  "findCategories",
);
export const surveyDataset: typeof surveys.surveyDataset = lazily(
  () => import("./image/datasets/survey.js"),
  "surveyDataset",
);
export const drawOverlay: typeof overlay.drawOverlay = lazily(
  () => import("./picture/overlay.js"),
  "drawOverlay",
);
