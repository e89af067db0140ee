import { dirname, resolve } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { z } from "zod";
import { concurrently } from "../../concurrently.js";
import { messageOf, UflowError } from "../../error.js";
import { parseOptions } from "../../options.js";
import { checkWritable, ensureFolder } from "../../output/atomic-file.js";
import { Thread } from "../../thread.js";
import {
  type Delivery,
  type Destination,
  QueuedSink,
  type QueueOptions,
  queueShape,
} from "../queued-sink.js";
import type { Evidence, FrameRecord, RecordedImage, Sink } from "../record.js";
import type { Link, RecordFilter, Retention, StoredRecord } from "./database.js";
import { keepImage, readImage } from "./image-files.js";
import { type Verification, type VerifyRecordsOptions, verifyChain } from "./verify.js";
import type { AuditCalls, AuditTask } from "./worker.js";

export interface AuditOptions extends QueueOptions {
  /** Makes the file where there is none. Default true. */
  create?: boolean;
  /**
   * Keeps the images too, so that records can be replayed: of all, of those that are not good, or (default) of none. They
   * lie beside the file, in `<file>-images`.
   */
  keepImages?: "all" | "not good" | "none";
  /**
   * What is removed as records are written; by age no more than a day of records at first and with each hour, lest a clock
   * that is set forward empties the store. Default nothing.
   */
  retention?: Retention;
  /** Milliseconds that a record waits for others to share a transaction with, 0 … 10 000. Default 50. */
  linger?: number;
}

/** Which records, in which order, and how many. */
export interface ListOptions extends RecordFilter {
  /** Default false. */
  newestFirst?: boolean | undefined;
  limit?: number | undefined;
}

const retentionShape = z.strictObject({
  days: z.number().positive().optional(),
  records: z.int().positive().optional(),
  bytes: z.int().positive().optional(),
});

const optionsSchema = z.strictObject({
  path: z.string().min(1),
  create: z.boolean().default(true),
  keepImages: z.enum(["all", "not good", "none"]).default("none"),
  retention: retentionShape.default({}),
  linger: z.number().min(0).max(10_000).default(50),
  ...queueShape,
});

type Checked = z.output<typeof optionsSchema>;

/** A time as ISO 8601 has it, or a day, in UTC; compared as text. */
const time = z
  .string()
  .refine(
    (text) => /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text)),
    "expected a time like 2026-01-31 or 2026-01-31T08:00:00Z",
  )
  .transform((text) => new Date(text).toISOString());

const listSchema = z.strictObject({
  station: z.string().optional(),
  verdict: z.enum(["good", "anomalous", "undecided"]).optional(),
  model: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "expected the SHA-256 of a model's file")
    .optional(),
  since: time.optional(),
  until: time.optional(),
  newestFirst: z.boolean().default(false),
  limit: z.int().positive().default(Number.MAX_SAFE_INTEGER),
});

/** Records that are read at once: parsing them takes a millisecond or two. */
const pageSize = 100;
const imagesAtOnce = 4;
/** Records that become JSON in one turn of the event loop: a fifth of a millisecond. */
const recordsPerTurn = 8;

/**
 * An append-only store of records in one SQLite file: a chain of sums, so that what is changed or missing is noticed
 * (`verify`), with retention. All work on the file is done in a thread; records that cannot be written, as when the disk
 * is full, wait in the bounded queue of the sink.
 */
export class AuditStore implements Sink {
  readonly name = "audit";
  private readonly queue: QueuedSink;

  /** Use `openAuditStore`. */
  constructor(
    /** Of the database. */
    readonly path: string,
    /** The last record when the store was opened: what a `Recorder` goes on after. */
    readonly last: FrameRecord | undefined,
    private readonly thread: Thread<AuditCalls>,
    options: Checked,
  ) {
    this.queue = new QueuedSink(destination(path, thread, options), options);
  }

  get stats() {
    return this.queue.stats;
  }

  /** True once the record is on the disk, and with it the image that is to be kept. */
  write(record: FrameRecord, evidence?: Evidence): Promise<boolean> {
    return this.queue.write(record, evidence);
  }

  flush(timeout?: number): Promise<boolean> {
    return this.queue.flush(timeout);
  }

  close(timeout?: number): Promise<void> {
    return this.queue.close(timeout);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Records, in the order in which they were written or the other way round; read as they are asked for.
   * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_BAD_RECORDS.
   */
  async *list(options: ListOptions = {}): AsyncGenerator<FrameRecord> {
    const { newestFirst, limit, ...filter } = parseOptions("list", listSchema, options);
    let from: number | null = null;
    for (let left = limit; left > 0; ) {
      const page: StoredRecord[] = await this.thread.call(
        "page",
        filter,
        from,
        newestFirst,
        Math.min(left, pageSize),
      );
      for (const { record } of page) yield parsed(this.path, record);
      if (page.length < pageSize) return;
      from = page.at(-1)!.n;
      left -= page.length;
    }
  }

  /** The image of a record; undefined where it was not kept. @throws UflowError ERR_UFLOW_BAD_RECORDS. */
  async image({ image: { sha256 } }: FrameRecord): Promise<RecordedImage | undefined> {
    return sha256 === null ? undefined : readImage(this.path, sha256);
  }

  /** The end of the chain, to be noted elsewhere: `verify` then notices, too, when records at the end are missing. */
  head(): Promise<Link> {
    return this.thread.call("head");
  }

  /** Reads the whole chain, and all images that are kept. Reports what is wrong, and does not throw for it. */
  verify(options: VerifyRecordsOptions = {}): Promise<Verification> {
    return verifyChain(this.path, this.thread, options);
  }

  /**
   * Removes what is beyond the retention, the oldest first. Age goes by the clock, and what is old by it goes at once.
   * @throws UflowError ERR_UFLOW_BAD_OPTION, ERR_UFLOW_OUTPUT, ERR_UFLOW_BAD_RECORDS.
   */
  async prune(retention: Retention): Promise<{ records: number; images: number }> {
    const checked = parseOptions("prune", retentionShape, retention);
    const removed = { records: 0, images: 0 };
    for (;;) {
      const step = await this.thread.call("pruneStep", checked, Date.now(), false);
      if (step.records === 0) return removed;
      removed.records += step.records;
      removed.images += step.images;
    }
  }
}

/**
 * Opens the audit store in a file, or makes it.
 * @throws UflowError ERR_UFLOW_BAD_OPTION; ERR_UFLOW_BAD_RECORDS when the file is another one, damaged, or of a newer
 * version; ERR_UFLOW_OUTPUT when it cannot be written.
 */
export async function openAuditStore(path: string, options: AuditOptions = {}): Promise<AuditStore> {
  const checked = parseOptions("openAuditStore", optionsSchema, { ...options, path });
  if (checked.create) await prepareFolder(path);
  // Absolute, so that none is taken for the address of a server.
  const thread = startedThread({ path: resolve(path), create: checked.create });
  try {
    const [last] = await thread.call("page", {}, null, true, 1);
    return new AuditStore(path, last && parsed(path, last.record), thread, checked);
  } catch (error) {
    await thread.close();
    throw error;
  }
}

const startedThread = (task: AuditTask) =>
  new Thread<AuditCalls>("audit store", new URL("./worker.js", import.meta.url), { workerData: task });

async function prepareFolder(path: string): Promise<void> {
  await checkWritable(path);
  await ensureFolder(dirname(resolve(path)));
}

function parsed(path: string, record: string): FrameRecord {
  try {
    return JSON.parse(record);
  } catch (error) {
    const message = `The audit store "${path}" has a record that is no JSON: ${messageOf(error)}; "uflow audit verify" says more`;
    throw new UflowError("ERR_UFLOW_BAD_RECORDS", message, { cause: error });
  }
}

/** A whole batch in one turn would hold up the event loop for milliseconds. */
async function textsOf(batch: readonly Delivery[]): Promise<{ id: string; text: string }[]> {
  const texts: { id: string; text: string }[] = [];
  for (const { record } of batch) {
    texts.push({ id: record.id, text: JSON.stringify(record) });
    if (texts.length % recordsPerTurn === 0) await turn();
  }
  return texts;
}

function destination(
  path: string,
  thread: Thread<AuditCalls>,
  { keepImages, retention, linger }: Checked,
): Destination {
  const hasRetention = Object.keys(retention).length > 0;
  return {
    name: "audit",
    batchSize: 64,
    linger,
    wanted({ verdict, image }, evidence) {
      const kept = keepImages === "all" || (keepImages === "not good" && verdict !== "good");
      return kept && image.sha256 !== null ? { image: evidence.image } : undefined;
    },
    async deliver(batch: readonly Delivery[]) {
      const withImages = batch.filter(({ evidence }) => evidence !== undefined);
      const images = await concurrently(withImages, imagesAtOnce, async ({ record, evidence }) => {
        const sum = record.image.sha256!;
        return { sum, bytes: await keepImage(path, sum, evidence!.image) };
      });
      // First, since it makes room.
      if (hasRetention) await thread.call("pruneStep", retention, Date.now(), true);
      await thread.call("append", await textsOf(batch), images);
    },
    close: () => thread.close(),
  };
}
