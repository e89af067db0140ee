import type { OperatingPoint } from "../a-contrario/operating-point.js";
import type { PlainError } from "../error.js";
import type { Area } from "../image/area.js";
import type { ImageSource, Inspection, Timings } from "../inspect/inspection.js";
import type { InspectorOptions } from "../inspect/options.js";
import type { Region } from "../kernels/index.js";

/** An image as it was inspected: the bytes of its file, or its pixels. */
export type RecordedImage = Exclude<ImageSource, string>;

/** What became of one frame. Plain data, the same as JSON; in every sink it is the same document. */
export interface FrameRecord {
  /** UUID of version 7: sorts as text in the order in which records were made, also when the clock is set back. */
  id: string;
  /** What the clock said when the record was made: ISO 8601, UTC. */
  time: string;
  /** 1, 2, 3, …: of the frames that one `Recorder` has recorded. What is missing was lost on the way. */
  sequence: number;
  /** As given to `inspect()`; "" where none was. */
  station: string;
  image: RecordedPicture;
  /** The part of the image that was looked at, pixels (`Inspection.area`); null where there is no verdict. */
  area: Area | null;
  model: { name: string /** SHA-256 of the `.uflow` file. */; sha256: string };
  settings: RecordSettings;
  verdict: "good" | "anomalous" | "undecided";
  /** log₁₀ NFA of the most significant region. Null, as all that follows, where there is no verdict. */
  logNfa: number | null;
  anomalyScore: number | null;
  /** In pixels of the image, most significant first; empty where there is no verdict. */
  regions: Region[];
  /** Per scale, finest first. */
  meanEnergies: number[] | null;
  /** Milliseconds. */
  timings: Timings | null;
  /** Why there is no verdict; else null. */
  error: (PlainError & { reason: "deadline" | "failed" }) | null;
}

export interface RecordedPicture {
  /** As its source calls it: a path, a file's name, a camera's number. */
  name: string;
  /** SHA-256 of the image (`imageSum`), hexadecimal; null where the image was not at hand. */
  sha256: string | null;
  /** Pixels, after EXIF rotation; null where it could not be read. */
  width: number | null;
  height: number | null;
}

/** All that a verdict depends on beside image and model. */
export interface RecordSettings {
  operatingPoint: OperatingPoint;
  /** As given to `Inspector.open()`. */
  options: InspectorOptions;
  /** The device that the networks ran on. */
  device: string;
  /** Version of the engine. */
  engine: string;
}

/** What a record was made of, for sinks that keep images or draw pictures. */
export interface Evidence {
  image: RecordedImage;
  /** Absent where there is no verdict. */
  inspection?: Inspection | undefined;
}

/** How a sink fares; counts are of records since it was opened. */
export interface SinkStats {
  /** Waiting or under way. */
  queued: number;
  /** There: in the database, acknowledged by the broker or the server, on the disk. */
  written: number;
  /** Lost: pushed out of the full queue by later ones, refused for good, or still queued at the end of `close()`. */
  dropped: number;
  /** Records that lost their image, because the images in the queue had too many bytes. */
  droppedImages: number;
  /** Attempts that failed; each was tried again. */
  failures: number;
  /** Why the last attempt failed; null once one has succeeded. */
  problem: string | null;
}

/** Where records go. None of this throws, delays the caller, or rejects: what goes wrong is in `stats`. */
export interface Sink {
  /** For logs: `audit`, `mqtt`, `webhook`, `folder`. */
  readonly name: string;
  readonly stats: SinkStats;
  /** Takes a record on. @returns whether it arrived, once that is known; nobody needs to wait for it. */
  write(record: FrameRecord, evidence?: Evidence): Promise<boolean>;
  /** Waits until all that was taken on is there, `timeout` milliseconds at most (default 5000). @returns whether it is. */
  flush(timeout?: number): Promise<boolean>;
  /** As `flush()`; then frees connections and files. What is not there by then is dropped. */
  close(timeout?: number): Promise<void>;
}
