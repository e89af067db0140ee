/** The public door: what a user may import, and nothing else. The native core is `uflow/kernels`, metrics of your own maps are `uflow/metrics`. */
export type { Calibration } from "./a-contrario/calibration.js";
export type { IgnoreOptions, Polygon } from "./areas/ignore.js";
export { type ImportBackboneOptions, importBackbone } from "./backbone/import.js";
export type { BackboneName } from "./backbone/index.js";
export type { NetworkProgress } from "./backbone/network-progress.js";
export { openBackboneStore as openStore } from "./backbone/stored.js";
export type { Manifest } from "./bundle/manifest.js";
export { readModel } from "./bundle/read.js";
export { type RecalibrateOptions, recalibrate } from "./calibrate/index.js";
export { type ExportOptions, exportModel } from "./convert/export.js";
export { type ImportReferenceOptions, importReference } from "./convert/import.js";
export {
  DriftMonitor,
  type DriftOptions,
  type DriftState,
  type Finding as DriftFinding,
  type Monitored,
} from "./drift/index.js";
export { UflowError, type UflowErrorCode } from "./error.js";
export {
  type EvaluateOptions,
  type EvaluateProgress,
  type Evaluation,
  type EvaluationCurves,
  evaluate,
} from "./evaluate/index.js";
export type { Area } from "./image/area.js";
export {
  type Category,
  type Dataset,
  findCategories,
  type LayoutName,
  readDataset,
  type TestImage,
} from "./image/datasets/index.js";
export {
  type CategorySurvey,
  type Problem,
  type Survey,
  type SurveyOptions,
  surveyDataset,
} from "./image/datasets/survey.js";
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
export { drawOverlay, type Overlaid } from "./picture/overlay.js";
export {
  type LogLevel,
  type NewKey,
  newKey,
  type Service,
  type ServiceOptions,
  startService,
} from "./serve/index.js";
export { measureSpeed, type Speed, type SpeedOptions } from "./speed/index.js";
export { evaluateAll, type Study, type StudyOptions, type StudyProgress } from "./study/index.js";
export { type TrainOptions, type TrainProgress, train } from "./train/index.js";
export { type Certificate, type VerifyOptions, type VerifyProgress, verify } from "./verify/index.js";
export { engineVersion } from "./version.js";
export type { ListedBackbone, PullOptions, Store, StoredBackbone } from "./weights/store/index.js";
