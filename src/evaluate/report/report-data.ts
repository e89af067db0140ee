import type { Manifest } from "../../bundle/manifest.js";
import type { Machine } from "../../machine.js";
import type { Evaluation } from "../evaluation.js";
import type { Examined } from "../examined.js";
import type { EvaluationCurves } from "../metrics/curves.js";

/** All that the page shows. */
export interface ReportData {
  /** ISO 8601, UTC. */
  date: string;
  evaluation: Evaluation;
  /** Those that are null leave their chart out. */
  curves: EvaluationCurves;
  /** The images that were inspected. */
  examined: readonly Examined[];
  /** Groups of images to be looked at. */
  sheets: readonly Sheet[];
  model: { sha256: string; bytes: number; manifest: Manifest };
  /** Of all test images and masks; see `fingerprint()`. */
  dataFingerprint: string;
  machine: Machine;
}

export interface Sheet {
  title: string;
  /** How many there are in all; the cards may be fewer. */
  total: number;
  cards: Card[];
}

/** A picture of one part: to the left the part with its true defects outlined, to the right what was detected. */
export interface Card {
  name: string;
  kind: string;
  /** WebP. */
  picture: Buffer;
  width: number;
  height: number;
  logNfa: number;
  regions: number;
  iou: number | null;
}
