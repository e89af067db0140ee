/** A lane's thread: the networks are synchronous inside, so they run here and never on the caller's thread. */
import { setImmediate as turn } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { Model } from "../bundle/model.js";
import { type PlainError, toPlainError, UflowError } from "../error.js";
import type { TriedDevice } from "../onnx/device.js";
import { RunGate } from "../onnx/run-gate.js";
import type { Findings, ImageSource, Inspection } from "./inspection.js";
import type { Maps } from "./map-memory.js";
import { monotonic } from "./monotonic.js";
import type { EngineOptions, WantedMaps } from "./options.js";
import { Pipeline, type Prepared } from "./pipeline.js";
import { type SentRegions, toSent } from "./sent-regions.js";
import { withWeightsFolder } from "./weights-folder.js";

export interface LaneTask {
  models: readonly Model[];
  /** One per model. */
  operatingPoints: readonly OperatingPoint[];
  options: EngineOptions;
  /** One number in shared memory: the batch that is being worked on. */
  progress: Int32Array;
}

export interface Frame {
  source: ImageSource;
  /** By the monotonic clock, milliseconds: nobody wants to know any more then. */
  expires: number;
  maps: WantedMaps;
}

export interface BatchRequest {
  kind: "batch";
  /** Its place in the task. */
  model: number;
  batch: number;
  frames: readonly Frame[];
  /** Memory for maps, of none or some of the frames. */
  spares: readonly Maps[];
}

export type LaneRequest = BatchRequest | { kind: "close"; model: number };

/** What became of a frame; undefined of one that had expired. */
export type FrameReply =
  | { findings: Omit<Findings, "regions">; regions: SentRegions }
  | { error: PlainError }
  | undefined;

export type LaneReply =
  | { kind: "open"; devices: (readonly TriedDevice[])[] }
  | { kind: "closed"; model: number }
  | { kind: "failed"; error: PlainError }
  | { kind: "batch"; batch: number; frames: FrameReply[] };

const port = parentPort!;
const send = (reply: LaneReply, transfer: ArrayBuffer[] = []) => port.postMessage(reply, transfer);

/** Maps are handed over, not copied; results of kernels own their memory. */
function buffersOf(reply: FrameReply): ArrayBuffer[] {
  if (!reply || !("findings" in reply)) return [];
  const { anomalyMap, logNfaMap, mask } = reply.findings;
  const arrays = [anomalyMap?.data, logNfaMap?.data, mask?.data, reply.regions.points];
  return arrays.flatMap((array) => (array ? [array.buffer as ArrayBuffer] : []));
}

/** A frame that is being decoded, and how long it is of interest. */
interface Preparing extends Pick<Frame, "expires" | "maps"> {
  prepared: Promise<Prepared | PlainError>;
}

const plain = (error: unknown) => toPlainError(error, "ERR_UFLOW_LANE");

/** What goes back of an inspection. The memory of maps that nobody wants is the pipeline's again. */
function sent(pipeline: Pipeline, inspection: Inspection, wanted: WantedMaps): FrameReply {
  const { regions, anomalyMap, logNfaMap, mask, ...findings } = inspection;
  const maps = { anomalyMap, logNfaMap, mask };
  if (wanted === "all" || (wanted === "anomalous" && inspection.anomalous)) Object.assign(findings, maps);
  else pipeline.takeBack({ anomalyMap: anomalyMap.data, logNfaMap: logNfaMap.data, mask: mask.data });
  return { findings, regions: toSent(regions) };
}

async function work(pipeline: Pipeline, frames: readonly Preparing[]): Promise<FrameReply[]> {
  const replies: FrameReply[] = frames.map(() => undefined);
  const inputs: Prepared[] = [];
  const places: number[] = [];
  for (const [place, { prepared }] of frames.entries()) {
    const input = await prepared;
    if ("code" in input) replies[place] = { error: input };
    else if (monotonic() < frames[place]!.expires) {
      inputs.push(input);
      places.push(place);
    }
  }
  if (inputs.length === 0) return replies;
  try {
    const inspections = await pipeline.inspect(inputs);
    for (const [i, place] of places.entries()) {
      const inspection = inspections[i]!;
      replies[place] =
        inspection instanceof UflowError
          ? { error: plain(inspection) }
          : sent(pipeline, inspection, frames[place]!.maps);
    }
  } catch (error) {
    for (const place of places) replies[place] = { error: plain(error) };
  }
  return replies;
}

class Service {
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly pipelines: Map<number, Pipeline>,
    private readonly progress: Int32Array,
  ) {}

  /** Decoding begins at once, in the threads of Node's pool, while the network still works for earlier batches. */
  receive(request: LaneRequest): void {
    if (request.kind === "close") {
      this.last = this.last.then(() => this.close(request.model));
      return;
    }
    const { model, batch, frames, spares } = request;
    const pipeline = this.pipelines.get(model)!;
    for (const maps of spares) pipeline.takeBack(maps);
    const preparing = frames.map(({ source, expires, maps }) => ({
      expires,
      maps,
      prepared: pipeline.prepare(source).catch(plain),
    }));
    this.last = this.last.then(() => this.answer(pipeline, batch, preparing));
  }

  private async answer(pipeline: Pipeline, batch: number, frames: readonly Preparing[]): Promise<void> {
    // What has come in meanwhile is to be decoded while the network runs.
    await turn();
    Atomics.store(this.progress, 0, batch);
    const replies = await work(pipeline, frames);
    send({ kind: "batch", batch, frames: replies }, replies.flatMap(buffersOf));
  }

  private async close(model: number): Promise<void> {
    const pipeline = this.pipelines.get(model)!;
    this.pipelines.delete(model);
    await pipeline.close();
    send({ kind: "closed", model });
    if (this.pipelines.size === 0) port.close();
  }
}

async function serve(task: LaneTask): Promise<void> {
  const models: Model[] = [];
  for (const model of task.models) models.push(await withWeightsFolder(model));
  const options = { ...task.options, gate: RunGate.ofThread() };
  const opened = await Pipeline.openAll(models, task.operatingPoints, options);
  // The thread's data live as long as it does; ONNX Runtime has its own copy of the weights.
  task.models = [];
  const service = new Service(new Map(opened.entries()), task.progress);
  port.on("message", (request: LaneRequest) => service.receive(request));
  send({ kind: "open", devices: opened.map(({ tried }) => tried) });
}

serve(workerData as LaneTask).catch((error) => {
  send({ kind: "failed", error: plain(error) });
});
