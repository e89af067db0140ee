import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Outcome } from "../inspect/inspection.js";
import { parseOptions } from "../options.js";
import type { FrameRecord, RecordSettings } from "./record.js";

export interface RecorderOptions {
  /**
   * The last record of an earlier run (`AuditStore.last`): ids and sequence go on after it, so that they are in order
   * across restarts too.
   */
  after?: Pick<FrameRecord, "id" | "sequence"> | undefined;
  /** Milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
}

/** What a record is made of. */
export interface Recordable {
  outcome: Outcome;
  image: {
    /** As its source calls it. */
    name: string;
    /** `await imageSum(image)`, best begun while the image is inspected; null where the image is not at hand. */
    sha256: string | null;
  };
  /** Default "". */
  station?: string;
  model: FrameRecord["model"];
  settings: RecordSettings;
}

/** UUID of version 7: the time, the version, the count within a millisecond. */
const idPattern = /^([0-9a-f]{8})-([0-9a-f]{4})-7([0-9a-f]{3})-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** 12 bits. */
const mostInMillisecond = 0xfff;

const schema = z.strictObject({
  after: z
    .object({
      id: z.string().regex(idPattern, "expected the id of a record"),
      sequence: z.int().nonnegative(),
    })
    .optional(),
  now: z.custom<() => number>((value) => typeof value === "function", "expected a function").optional(),
});

/**
 * Makes records, and numbers them. Ids are UUIDs of version 7 (RFC 9562, 5.7, with a counter as in 6.2, method 1): they
 * begin with the time in milliseconds, go on with a count, and end in 62 random bits. While the clock is behind the last id,
 * because it was set back, ids keep that one's time and count on; so they are unique and sort in the order of the calls,
 * whatever the clock does.
 */
export class Recorder {
  private readonly now: () => number;
  private millisecond: number;
  private count: number;
  private sequence: number;

  /** @throws UflowError ERR_UFLOW_BAD_OPTION. */
  constructor(options: RecorderOptions = {}) {
    const { after, now = Date.now } = parseOptions("new Recorder", schema, options);
    this.now = now;
    const [, high = "", low = "", count = ""] = idPattern.exec(after?.id ?? "") ?? [];
    this.millisecond = after ? Number.parseInt(high + low, 16) : 0;
    this.count = after ? Number.parseInt(count, 16) : 0;
    this.sequence = after?.sequence ?? 0;
  }

  /** The record of one frame, now. Some microseconds. */
  record({ outcome, image, station = "", model, settings }: Recordable): FrameRecord {
    const now = this.now();
    return {
      id: this.nextId(now),
      time: new Date(now).toISOString(),
      sequence: ++this.sequence,
      station,
      image: { ...image, ...sizeOf(outcome) },
      area: outcome.verdict === "undecided" ? null : outcome.area,
      model,
      settings,
      ...findingsOf(outcome),
    };
  }

  private nextId(now: number): string {
    if (now > this.millisecond) {
      this.millisecond = Math.floor(now);
      this.count = 0;
    } else if (this.count < mostInMillisecond) this.count++;
    else {
      // Ahead of the clock, as RFC 9562 allows.
      this.millisecond++;
      this.count = 0;
    }
    const time = this.millisecond.toString(16).padStart(12, "0");
    const random = randomBytes(8);
    random[0] = (random[0]! & 0x3f) | 0x80;
    const tail = random.toString("hex");
    const count = this.count.toString(16).padStart(3, "0");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${tail.slice(0, 4)}-${tail.slice(4)}`;
  }
}

const sizeOf = (outcome: Outcome) =>
  outcome.verdict === "undecided" ? { width: null, height: null } : outcome.image;

function findingsOf(outcome: Outcome) {
  if (outcome.verdict === "undecided") {
    const { verdict, reason, error } = outcome;
    const nothing = { logNfa: null, anomalyScore: null, regions: [], meanEnergies: null, timings: null };
    return { verdict, ...nothing, error: { reason, code: error.code, message: error.message } };
  }
  const { verdict, logNfa, anomalyScore, regions, meanEnergies, timings } = outcome;
  return { verdict, logNfa, anomalyScore, regions, meanEnergies, timings, error: null };
}
