import type { RawImage } from "../image/decode.js";
import type { Region } from "../kernels/index.js";

/** What can be inspected: a path, the bytes of an image file, or pixels, rows from the top, channels interleaved. */
export type ImageSource = string | Uint8Array | RawImage;

/** A map over the image: one value per pixel, rows from the top. */
export interface PixelMap<T extends Float32Array | Uint8Array> {
  data: T;
  width: number;
  height: number;
}

/** The verdict on one image. Plain data. */
export interface Inspection {
  /** Some region is detected: `logNfa` is below the `logEpsilon` of the inspector's operating point. */
  anomalous: boolean;
  /** log₁₀ NFA of the most significant region, or of the best candidate where none is detected. */
  logNfa: number;
  /** The image-level score, 0 … 1: the maximum of the anomaly map. */
  anomalyScore: number;
  /** 1 − mean likelihood, 0 … 1; side `mapSize` of the model. */
  anomalyMap: PixelMap<Float32Array>;
  /** log₁₀ of the number of false alarms; small means anomalous. */
  logNfaMap: PixelMap<Float32Array>;
  /** 1 where a region is detected. */
  mask: PixelMap<Uint8Array>;
  /** Detected regions in pixels of the original image (after its EXIF rotation), most significant first. */
  regions: Region[];
  /** Size of the original image, pixels. */
  image: { width: number; height: number };
  /** Milliseconds. */
  timings: { decode: number; preprocess: number; network: number; segment: number };
}
