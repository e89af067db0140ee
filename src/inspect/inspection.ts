import type { PlainError } from "../error.js";
import type { Area } from "../image/area.js";
import type { Region } from "../kernels/index.js";

export type { ImageSource } from "../image/decode.js";

/** A map over the part of the image that is looked at (`Inspection.area`): one value per pixel, rows from the top. */
export interface PixelMap<T extends Float32Array | Uint8Array> {
  data: T;
  width: number;
  height: number;
}

/** Milliseconds. `wait`, in the queue, and `total`, from the call to the verdict, are of the inspector; the rest of a lane. */
export interface Timings {
  wait: number;
  decode: number;
  preprocess: number;
  /** Of the run that the image was a part of, divided by the images in it. */
  network: number;
  segment: number;
  total: number;
}

/** The verdict on one image, with maps where they are wanted (`InspectOptions.maps`). Plain data. */
export interface Findings {
  verdict: "good" | "anomalous";
  /** Some region is detected: `logNfa` is below the `logEpsilon` of the inspector's operating point. */
  anomalous: boolean;
  /** log₁₀ NFA of the most significant region, or of the best candidate where none is detected. */
  logNfa: number;
  /** The image-level score, 0 … 1: the maximum of the anomaly map. */
  anomalyScore: number;
  /** 1 − mean likelihood, 0 … 1. All maps have the side `mapSize` of the model, or, in tiles, this side per tile. */
  anomalyMap?: PixelMap<Float32Array>;
  /** log₁₀ of the number of false alarms; small means anomalous. */
  logNfaMap?: PixelMap<Float32Array>;
  /** 1 where a region is detected. */
  mask?: PixelMap<Uint8Array>;
  /** Detected regions in pixels of the original image (after its EXIF rotation), most significant first. */
  regions: Region[];
  /** Size of the original image, pixels. */
  image: { width: number; height: number };
  /** The part of the original image that was looked at and that the maps cover, pixels: all of it, or the model's region. */
  area: Area;
  /**
   * Per scale, finest first: the mean over the pixels, but for ignored ones, of Σ z² / channels. 1 on what the flow was
   * trained on, if it has learned it well; to watch how a line drifts.
   */
  meanEnergies: number[];
  /** SHA-256 of the `.uflow` file that decided, in hexadecimal digits: another one after a `swap()`. */
  model: string;
  timings: Timings;
}

/** The verdict on one image, with all maps. */
export interface Inspection extends Findings {
  anomalyMap: PixelMap<Float32Array>;
  logNfaMap: PixelMap<Float32Array>;
  mask: PixelMap<Uint8Array>;
}

/**
 * That there is no verdict on an image. It is neither good nor anomalous, and has no `anomalous`: what becomes of the part
 * is for the line to decide.
 */
export interface Undecided {
  verdict: "undecided";
  /** The deadline passed; or the image could not be inspected, as `error` says. */
  reason: "deadline" | "failed";
  error: PlainError;
}

export type Outcome<Verdict extends Findings = Inspection> = Verdict | Undecided;

/** An outcome of `stream()`, with the place of its frame in the stream, from 0. */
export type StreamOutcome<Verdict extends Findings = Inspection> = Outcome<Verdict> & { frame: number };

/** Both verdicts on one image, with maps as the inspection wants them. */
export interface Comparison {
  /** Of the model in charge. */
  live: Findings;
  /** Of the model that runs beside it. */
  candidate: Findings;
}
