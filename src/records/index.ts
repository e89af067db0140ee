/** What is recorded of every frame, and where records go: `uflow/records`. */
export type { Link, RecordFilter, Retention } from "./audit/database.js";
export { type ExportRecordsOptions, exportRecords } from "./audit/export.js";
export { type AuditOptions, type AuditStore, type ListOptions, openAuditStore } from "./audit/store.js";
export type { Verification, VerifyRecordsOptions } from "./audit/verify.js";
export { type FolderOptions, writeToFolder } from "./folder.js";
export { imageSum } from "./image-sum.js";
export { type MqttOptions, publishToMqtt } from "./mqtt.js";
export {
  type Delivery,
  type Destination,
  openSink,
  Postponement,
  type QueueOptions,
  Refusal,
} from "./queued-sink.js";
export type {
  Evidence,
  FrameRecord,
  RecordedImage,
  RecordedPicture,
  RecordSettings,
  Sink,
  SinkStats,
} from "./record.js";
export { type Recordable, Recorder, type RecorderOptions } from "./recorder.js";
export { type Difference, type Replay, type ReplayOptions, replay } from "./replay.js";
export { settingsOf } from "./settings.js";
export { type SignedRequest, verifySignature } from "./signature.js";
export { Sinks } from "./sinks.js";
export { postToWebhook, type WebhookOptions } from "./webhook.js";
