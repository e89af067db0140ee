import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { Model } from "../bundle/model.js";
import { readModel } from "../bundle/read.js";
import { UflowError } from "../error.js";
import {
  type LaneMeasurement,
  type LaneSetting,
  measureLanes,
  settingsOnCpu,
} from "../inspect/fastest-lanes.js";
import { withWeightsFolder } from "../inspect/weights-folder.js";
import { thisMachine } from "../machine.js";
import { adviceOn } from "./advice.js";
import { type Comparison, compare, type Extent } from "./compare.js";
import { type Frames, generatedFrames, readFrames } from "./frames.js";
import { MemoryWatch } from "./memory.js";
import { type CheckedSpeedOptions, checkSpeedOptions, type SpeedOptions } from "./options.js";
import { measureReference } from "./reference.js";
import type { Compared, Speed } from "./speed.js";
import { StreamRecord } from "./streaming.js";
import { partSide, writeUntrainedModel } from "./untrained-model.js";

export { bars } from "./advice.js";
export type { SpeedOptions } from "./options.js";
export type { Compared, Lag, Speed } from "./speed.js";

/**
 * Measures how fast a model runs on this machine: as a stream of decoded images, beside its network alone, with the same
 * lanes, threads and batches, in turns. Takes half a minute with the embedded backbone on two cores, and 1 GB of memory at most
 * there: both sides are open at the same time.
 * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_MODEL, ERR_UFLOW_BAD_IMAGE, ERR_UFLOW_DEVICE, ERR_UFLOW_NETWORK,
 * ERR_UFLOW_ABORTED.
 */
export async function measureSpeed(options: SpeedOptions = {}): Promise<Speed> {
  const checked = checkSpeedOptions(options);
  const start = performance.now();
  const busy = loadavg()[0]! > availableParallelism() / 2;
  const folder = await mkdtemp(join(tmpdir(), "uflow-bench-"));
  try {
    const path = checked.model ?? (await writeUntrainedModel(folder));
    const model = await withWeightsFolder(await readModel(path), checked);
    const measurement = new Measurement(path, model, checked);
    const speed = { ...(await measurement.run()), machine: { ...thisMachine(), busy } };
    return { ...speed, advice: adviceOn(speed), seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    if (!checked.signal?.aborted) throw error;
    throw new UflowError("ERR_UFLOW_ABORTED", "The measurement was stopped", { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Measurement {
  private readonly cores = availableParallelism();
  private readonly memory = new MemoryWatch();
  private readonly record = new StreamRecord(this.memory);

  constructor(
    private readonly path: string,
    private readonly model: Model,
    private readonly options: CheckedSpeedOptions,
  ) {}

  async run(): Promise<Omit<Speed, "machine" | "advice" | "seconds">> {
    const { options, record } = this;
    const { inputSize, mapSize, backbone } = this.model.manifest;
    const frames = await this.frames();
    const settings = await this.settings();
    const main = await this.main(frames, settings);
    const scaling = await this.scaling(frames, main);
    const reference = await this.reference(frames);
    const phases = record.latencies();
    const { width, height, channels } = frames.images[0]!;
    return {
      model: { path: options.model ?? null, backbone: backbone.name, inputSize, mapSize },
      maps: options.maps,
      frames: { source: frames.source, width, height, channels, count: frames.images.length },
      triedDevices: main.triedDevices,
      settings,
      measured: main.compared,
      bare: main.bare,
      phases,
      overhead: overheadOf(phases, main.compared),
      lag: main.lag,
      mainThread: main.busy,
      decode: frames.decode,
      verdicts: record.verdicts,
      regionsPerImage: record.regionsPerImage,
      memory: this.memory.result(),
      scaling,
      reference,
    };
  }

  private async frames(): Promise<Frames> {
    const { images, imageSize } = this.options;
    this.tell("images");
    if (images !== undefined) return await readFrames(images);
    return generatedFrames(imageSize ?? partSide(this.model.manifest.inputSize));
  }

  private async settings(): Promise<LaneMeasurement> {
    const { device, lanes, threads, batchSize } = this.options;
    this.tell("lanes and threads");
    return await measureLanes(this.model, { device }, { lanes, threads, batchSize });
  }

  private main(frames: Frames, { mostThroughput }: LaneMeasurement): Promise<Comparison> {
    const { seconds, frames: more } = this.options;
    const { lanes, threads } = mostThroughput;
    this.tell(`${lanes} × ${threads} threads, stream and bare network in turns`);
    return this.compare(mostThroughput, frames, this.record, { milliseconds: 1000 * seconds, more });
  }

  private compare(
    setting: LaneSetting,
    frames: Frames,
    record: StreamRecord,
    extent: Extent,
  ): Promise<Comparison> {
    const { path, model, options } = this;
    return compare({ path, model, frames, options }, setting, record, extent);
  }

  /** By lanes with one thread each; a fifth of the time for each. */
  private async scaling(frames: Frames, main: Comparison): Promise<Compared[]> {
    const found: Compared[] = [];
    if (main.triedDevices.at(-1)!.device !== "cpu") return found;
    for (const setting of settingsOnCpu(this.cores, { threads: 1 })) {
      this.tell(`${setting.lanes} ${setting.lanes === 1 ? "lane" : "lanes"} with one thread`);
      const record = new StreamRecord(new MemoryWatch());
      const extent = { milliseconds: (1000 * this.options.seconds) / 5 };
      found.push((await this.compare(setting, frames, record, extent)).compared);
    }
    return found;
  }

  private async reference({ images }: Frames): Promise<Speed["reference"]> {
    const { reference: adapter, seconds, signal } = this.options;
    if (adapter === undefined) return null;
    this.tell("reference");
    return await measureReference({ adapter, images, seconds, signal });
  }

  private tell(doing: string): void {
    this.options.signal?.throwIfAborted();
    this.options.onProgress?.(doing);
  }
}

function overheadOf(
  { preprocess, network, segment }: Speed["phases"],
  { share, cpu }: Compared,
): Speed["overhead"] {
  const total = 1 / share - 1;
  const parts = { preprocess: preprocess.p50 / network.p50, segment: segment.p50 / network.p50 };
  const rest = Math.max(0, total - parts.preprocess - parts.segment);
  return { total, ...parts, rest, cpu: cpu.stream / cpu.bare - 1 };
}
