import { toPlainError, UflowError } from "../error.js";
import type { Outcome } from "../inspect/inspection.js";
import {
  type FrameRecord,
  imageSum,
  type RecordedImage,
  Recorder,
  type Sinks,
  settingsOf,
} from "../records/index.js";
import type { Result } from "./api.js";
import type { Drift } from "./drift.js";
import type { Live } from "./live.js";
import type { Metrics } from "./metrics.js";
import type { LoadedModel } from "./models.js";
import type { CheckedServiceOptions } from "./options.js";
import type { Results } from "./results.js";

/** An image as it arrived. */
export interface Arrived {
  /** Of its file; "" where it had none. */
  name: string;
  image: RecordedImage;
}

export interface Asking {
  station: string;
  deadline?: number | undefined;
  /** That the client has gone. */
  signal: AbortSignal;
}

/** What became of one image. */
export interface Inspected {
  outcome: Outcome;
  result: Result;
}

/** What the verdict on an image passes on to. */
export interface Listeners {
  results: Results;
  live: Live;
  metrics: Metrics;
  drift: Drift;
  sinks: Sinks;
}

/** What is known of an image before its outcome. */
interface Known extends Arrived, Pick<FrameRecord, "station" | "model" | "settings"> {
  /** SHA-256 of the image. */
  sum: Promise<string> | null;
}

/** Errors that leave no trace but a count: the image was not taken on, or nobody wants to know any more. */
const untold: readonly string[] = ["ERR_UFLOW_BUSY", "ERR_UFLOW_CLOSED", "ERR_UFLOW_ABORTED"];

/** Inspects images, and tells all that listen what became of each. */
export class Inspections {
  private readonly recorder: Recorder;

  constructor(
    private readonly to: Listeners,
    private readonly options: Pick<CheckedServiceOptions, "inspector">,
    after: FrameRecord | undefined,
  ) {
    this.recorder = new Recorder({ after });
  }

  /**
   * An image that cannot be inspected is undecided.
   * @throws UflowError ERR_UFLOW_BUSY, ERR_UFLOW_CLOSED where it was not taken on, ERR_UFLOW_ABORTED where it was withdrawn.
   */
  async inspect(model: LoadedModel, arrived: Arrived, asking: Asking): Promise<Inspected> {
    const known = this.begin(model, arrived, asking);
    return await this.conclude(known, await this.outcomeOf(model, arrived, asking));
  }

  /** Tells that an image has no verdict, though others of the same request have one. */
  async giveUp(model: LoadedModel, arrived: Arrived, asking: Asking, error: unknown): Promise<Inspected> {
    const plain = toPlainError(error, "ERR_UFLOW_LANE");
    return await this.conclude(this.begin(model, arrived, asking), {
      verdict: "undecided",
      reason: "failed",
      error: plain,
    });
  }

  /** What is known before the outcome; afterwards the model may be another. */
  private begin(
    { name, inspector }: LoadedModel,
    { image, ...arrived }: Arrived,
    { station }: Asking,
  ): Known {
    return {
      station,
      image,
      name: arrived.name,
      // Only sinks want to know it.
      sum: this.to.sinks.each.length > 0 ? imageSum(image) : null,
      model: { name, sha256: inspector.model },
      settings: settingsOf(inspector, this.options.inspector),
    };
  }

  private async conclude(known: Known, outcome: Outcome): Promise<Inspected> {
    const { station, image, name, sum, model, settings } = known;
    const sha256 = await sum;
    const record = this.recorder.record({ outcome, image: { name, sha256 }, station, model, settings });
    const result = resultOf(record);
    this.tell(outcome, record, result, image);
    return { outcome, result };
  }

  private async outcomeOf(model: LoadedModel, { image }: Arrived, asking: Asking): Promise<Outcome> {
    try {
      return await model.inspector.inspect(image, asking);
    } catch (error) {
      const plain = toPlainError(error, "ERR_UFLOW_LANE");
      if (!untold.includes(plain.code)) return { verdict: "undecided", reason: "failed", error: plain };
      this.to.metrics.countRefusal(model.name, plain.code);
      throw error;
    }
  }

  private tell(outcome: Outcome, record: FrameRecord, result: Result, image: RecordedImage): void {
    const { name } = record.model;
    const { results, live, metrics, drift, sinks } = this.to;
    const inspection = outcome.verdict === "undecided" ? undefined : outcome;
    const evidence = { image, inspection };
    results.add(result, evidence);
    live.send("result", result);
    metrics.countOutcome(name, record.station, outcome);
    drift.add(name, outcome);
    sinks.write(record, evidence);
  }
}

/** The error of an image that could not be inspected; undefined where there is an outcome, late or not. */
export function failureOf({ outcome }: Inspected): UflowError | undefined {
  if (outcome.verdict !== "undecided" || outcome.reason !== "failed") return undefined;
  return new UflowError(outcome.error.code, outcome.error.message);
}

function resultOf(record: FrameRecord): Result {
  const { id, time, station, model, image, area, verdict, logNfa, regions, error } = record;
  const { name, width, height } = image;
  return {
    ...{ id, time, station, model, verdict, image: { name, width, height }, area },
    ...(verdict !== "undecided" && { anomalous: verdict === "anomalous" }),
    logNfa: logNfa === null ? null : finite(logNfa),
    anomalyScore: record.anomalyScore,
    regions: regions.map((region) => ({ ...region, logNfa: finite(region.logNfa) })),
    meanEnergies: record.meanEnergies ?? [],
    timings: record.timings,
    ...(error && { error: { code: error.code, message: error.message } }),
  };
}

/** JSON has no infinity. */
const finite = (logNfa: number) => Math.max(logNfa, -Number.MAX_VALUE);
