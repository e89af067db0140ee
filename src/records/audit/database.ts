import { createHash } from "node:crypto";
import { existsSync, rmSync, statSync } from "node:fs";
import Database from "libsql";
import { messageOf, UflowError } from "../../error.js";
import { cannotWrite } from "../../output/atomic-file.js";
import { imagePath, isSum } from "./image-files.js";
import { Pace } from "./pace.js";
import { applicationId, migrations } from "./schema.js";

/** A place in the chain: the sum of record n, hexadecimal. */
export interface Link {
  n: number;
  sum: string;
}

/** Which records are meant; all that is given must hold. */
export interface RecordFilter {
  station?: string | undefined;
  verdict?: "good" | "anomalous" | "undecided" | undefined;
  /** SHA-256 of the model's file. */
  model?: string | undefined;
  /** From this time on; ISO 8601, UTC. */
  since?: string | undefined;
  /** Before this time. */
  until?: string | undefined;
}

/** How much is kept, of the newest records; the rest is removed. What is not given limits nothing. */
export interface Retention {
  /** Age by the present clock. */
  days?: number | undefined;
  records?: number | undefined;
  /** Of database and images together. */
  bytes?: number | undefined;
}

export interface StoredRecord {
  n: number;
  /** JSON. */
  record: string;
}

/** Records that one step removes at most, so that those that wait to be written do not wait long. */
const recordsPerStep = 500;
/** An image that was written to lately may belong to a record that is about to be added. */
const untouched = 60_000;

/** An audit store's file. Synchronous: it lives in a thread of its own. Methods take and return plain data. */
export class AuditDatabase {
  private readonly db: Database.Database;
  private readonly pace = new Pace(() => performance.now());
  /** Which file is open, whatever its path leads to later. */
  private readonly file: string | undefined;

  /**
   * @param create makes the file where there is none
   * @throws UflowError ERR_UFLOW_BAD_RECORDS, ERR_UFLOW_OUTPUT.
   */
  constructor(
    private readonly path: string,
    create: boolean,
  ) {
    if (!create && !existsSync(path)) throw bad(path, "there is no such file");
    this.db = opened(path);
    try {
      this.prepare();
      this.file = identityOf(path);
    } catch (error) {
      this.db.close();
      throw inWords(path, error);
    }
  }

  /**
   * Adds records, as JSON, and the images that are kept, in one transaction. It is on the disk when this returns. A
   * record that is there already is not added again: nobody may have been told that it was.
   */
  append(
    records: readonly { id: string; text: string }[],
    images: readonly { sum: string; bytes: number }[],
  ): void {
    this.transaction(() => {
      let { n, sum } = this.end();
      const find = this.db.prepare("SELECT 1 FROM records WHERE id = ?");
      const add = this.db.prepare("INSERT INTO records (n, sum, record) VALUES (?, ?, ?)");
      for (const { id, text } of records) {
        if (find.all(id).length > 0) continue;
        sum = nextSum(sum, text);
        add.run(++n, sum, text);
      }
      const keep = this.db.prepare("INSERT OR IGNORE INTO images VALUES (?, ?)");
      for (const image of images) keep.run(image.sum, image.bytes);
    });
  }

  /** At most `limit` records beyond place `from`, upwards or downwards. */
  page(filter: RecordFilter, from: number | null, newestFirst: boolean, limit: number): StoredRecord[] {
    const conditions = Object.entries(filter).filter(([, value]) => value !== undefined);
    const where = conditions.map(([name]) => `AND ${comparisons[name as keyof RecordFilter]} ?`).join(" ");
    const beyond = newestFirst ? "n < ?" : "n > ?";
    const order = newestFirst ? "DESC" : "ASC";
    const start = from ?? (newestFirst ? Number.MAX_SAFE_INTEGER : 0);
    const query = `SELECT n, record FROM records WHERE ${beyond} ${where} ORDER BY n ${order} LIMIT ?`;
    return this.rows(query, start, ...conditions.map(([, value]) => value), limit);
  }

  /** The last record, or, where there is none any more, the last that was removed; n = 0 at the very beginning. */
  head(): Link {
    return shown(this.end());
  }

  /** The record before the first. */
  anchor(): Link {
    return shown(this.rows<RawLink>("SELECT n, sum FROM anchor")[0]!);
  }

  /** Records beyond place n, with their sums, hexadecimal. */
  links(n: number, limit: number): (StoredRecord & { sum: string })[] {
    const query = "SELECT n, sum, record FROM records WHERE n > ? ORDER BY n LIMIT ?";
    return this.rows<RawLink & StoredRecord>(query, n, limit).map((row) => ({ ...row, ...shown(row) }));
  }

  /** Images that are kept, in the order of their sums, beyond one. */
  images(beyond: string, limit: number): { sum: string; bytes: number }[] {
    return this.rows("SELECT sum, bytes FROM images WHERE sum > ? ORDER BY sum LIMIT ?", beyond, limit);
  }

  /** Bytes of the database, without what is free in it, and of the images. */
  private size(): number {
    const [{ bytes } = { bytes: 0 }] = this.rows<{ bytes: number }>(
      `SELECT (p.page_count - f.freelist_count) * s.page_size + (SELECT coalesce(sum(bytes), 0) FROM images) AS bytes
       FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s`,
    );
    return bytes;
  }

  /**
   * Removes a part of what is beyond the retention. @returns how much; more may be left where it is not 0.
   * @param now what the clock says, milliseconds since 1970
   * @param paced whether age removes no more than its pace allows
   */
  pruneStep(retention: Retention, now: number, paced: boolean): { records: number; images: number } {
    const from = this.anchor().n;
    const first = this.timeAfter(from);
    if (first === undefined) return { records: 0, images: 0 };
    const most = from + recordsPerStep;
    const oldest = paced ? this.lastByPace(from, first, most) : most;
    const to = this.lastToRemove(retention, most, now, oldest);
    if (to <= from) return { records: 0, images: 0 };
    const next = this.timeAfter(to);
    const images = this.transaction(() => this.removeUpTo(to));
    if (paced) this.pace.spend((next ?? Number.POSITIVE_INFINITY) - first);
    for (const sum of images) this.removeImage(sum, now);
    this.db.pragma("incremental_vacuum");
    return { records: to - from, images: images.length };
  }

  /**
   * What is written to a file that was removed is lost without an error. It is not opened anew: files beside it, which belong to the
   * one that is open, have the same names.
   * @throws UflowError ERR_UFLOW_OUTPUT where the path does not lead to the file that is open.
   */
  checkPlace(): void {
    if (this.isInPlace) return;
    throw new UflowError(
      "ERR_UFLOW_OUTPUT",
      `Cannot write "${this.path}": it was removed, renamed or replaced while it was open; start again to go on in what is there`,
    );
  }

  close(): void {
    try {
      // Of a file that was renamed SQLite would leave the last records in the log, which has the old name.
      if (!this.isInPlace) this.db.pragma("wal_checkpoint(TRUNCATE)");
    } catch {
      // They stay in the log.
    }
    this.db.close();
  }

  private get isInPlace(): boolean {
    return identityOf(this.path) === this.file;
  }

  private prepare(): void {
    this.db.pragma("busy_timeout = 5000");
    const version = this.pragma("user_version");
    const foreign = this.pragma("application_id") !== applicationId;
    if (foreign && this.rows("SELECT 1 FROM sqlite_master").length > 0) {
      throw bad(this.path, "it is a database of another program");
    }
    if (version > migrations.length) {
      throw bad(this.path, `it was written by a newer version of uflow (format ${version}); use that`);
    }
    // Space that is freed goes back to the disk; must be said before the first table.
    if (foreign) this.db.pragma("auto_vacuum = INCREMENTAL");
    this.db.pragma("journal_mode = WAL");
    // Every commit is flushed to the disk: what was acknowledged survives a power cut.
    this.db.pragma("synchronous = FULL");
    this.db.pragma("journal_size_limit = 16777216");
    this.migrate();
  }

  private migrate(): void {
    this.transaction(() => {
      for (const step of migrations.slice(this.pragma("user_version"))) this.db.exec(step);
      this.db.pragma(`user_version = ${migrations.length}`);
      this.db.pragma(`application_id = ${applicationId}`);
    });
  }

  private end(): RawLink {
    const query = "SELECT n, sum FROM records UNION ALL SELECT n, sum FROM anchor ORDER BY n DESC LIMIT 1";
    return this.rows<RawLink>(query)[0]!;
  }

  /** Of the record that follows in the chain: what the clock said, milliseconds since 1970. */
  private timeAfter(n: number): number | undefined {
    const [next] = this.rows<{ time: string }>("SELECT time FROM records WHERE n = ?", n + 1);
    return next && Date.parse(next.time);
  }

  /** The last record that age may remove now: that which follows is younger than the first by what the pace allows. */
  private lastByPace(anchor: number, first: number, most: number): number {
    const { allowed, full } = this.pace;
    const last = this.lastBefore(first + allowed, most);
    // What the clock leapt over, or the line stood still, is more than a day at once.
    return full && last === anchor + 1 ? last : last - 1;
  }

  /** @param oldest the last record that may be removed for its age */
  private lastToRemove(
    { days, records, bytes }: Retention,
    most: number,
    now: number,
    oldest: number,
  ): number {
    const { n: head } = this.head();
    const ends: number[] = [0];
    if (records !== undefined) ends.push(head - records);
    if (days !== undefined) ends.push(Math.min(this.lastBefore(now - days * 86_400_000, most), oldest));
    if (bytes !== undefined) ends.push(this.lastBeyond(bytes, head));
    return Math.min(Math.max(...ends), most, head);
  }

  /** The end of the old part of the chain: what follows begins with a record that is not old, whatever comes later. */
  private lastBefore(milliseconds: number, most: number): number {
    const time = new Date(Math.max(milliseconds, 0)).toISOString();
    // By place: the index of times would have all records sorted.
    const query = "SELECT n FROM records WHERE n <= ? AND +time >= ? ORDER BY n LIMIT 1";
    const [young] = this.rows<{ n: number }>(query, most, time);
    return young ? young.n - 1 : most;
  }

  /** As if all records had the same size: what is left over is for the next step. */
  private lastBeyond(bytes: number, head: number): number {
    const { n } = this.anchor();
    const size = this.size();
    return n + Math.ceil((head - n) * Math.max(1 - bytes / size, 0));
  }

  private removeUpTo(n: number): string[] {
    const query =
      "SELECT DISTINCT images.sum AS sum FROM records JOIN images ON images.sum = image WHERE n <= ?";
    const images = this.rows<{ sum: string }>(query, n);
    this.db.prepare("UPDATE anchor SET n = ?1, sum = (SELECT sum FROM records WHERE n = ?1)").run(n);
    this.db.prepare("DELETE FROM records WHERE n <= ?").run(n);
    const unused =
      "DELETE FROM images WHERE sum = ?1 AND NOT EXISTS (SELECT 1 FROM records WHERE image = ?1)";
    const remove = this.db.prepare(unused);
    return images.map(({ sum }) => sum).filter((sum) => remove.run(sum).changes > 0);
  }

  private removeImage(sum: string, now: number): void {
    if (!isSum(sum)) return;
    const path = imagePath(this.path, sum);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: now };
    if (now - mtimeMs > untouched) rmSync(path, { force: true });
  }

  private transaction<T>(work: () => T): T {
    try {
      this.db.exec("BEGIN IMMEDIATE");
      const result = work();
      this.db.exec("COMMIT");
      return result;
    } catch (error) {
      // When the disk is full SQLite has done it already.
      if (this.db.inTransaction) this.db.exec("ROLLBACK");
      throw inWords(this.path, error);
    }
  }

  private rows<Row>(query: string, ...values: unknown[]): Row[] {
    try {
      return this.db.prepare(query).all(...values) as Row[];
    } catch (error) {
      throw inWords(this.path, error);
    }
  }

  private pragma(name: string): number {
    return Object.values(this.rows<Record<string, number>>(`PRAGMA ${name}`)[0]!)[0]!;
  }
}

interface RawLink {
  n: number;
  sum: ArrayBuffer | Uint8Array;
}

const comparisons: Record<keyof RecordFilter, string> = {
  station: "station =",
  verdict: "verdict =",
  model: "model =",
  since: "time >=",
  until: "time <",
};

const shown = ({ n, sum }: RawLink): Link => ({ n, sum: Buffer.from(sum as ArrayBuffer).toString("hex") });

/** The next sum of the chain. */
export function nextSum(sum: ArrayBuffer | Uint8Array, record: string): Buffer {
  return createHash("sha256").update(new Uint8Array(sum)).update(record).digest();
}

/** Of the file that a path leads to; undefined where there is none. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

function opened(path: string): Database.Database {
  try {
    return new Database(path);
  } catch (error) {
    throw new UflowError("ERR_UFLOW_OUTPUT", `Cannot open "${path}": ${messageOf(error)}`, { cause: error });
  }
}

/** What the database says, in words of ours. */
function inWords(path: string, error: unknown): unknown {
  const { code } = error as { code?: string };
  if (code === "SQLITE_FULL") return cannotWrite(path, Object.assign(new Error("full"), { code: "ENOSPC" }));
  if (code === "SQLITE_NOTADB") return bad(path, "it is no database", error);
  if (code?.startsWith("SQLITE_CORRUPT"))
    return bad(path, "the file is damaged; take a copy of it and start a new one", error);
  if (code?.startsWith("SQLITE_")) {
    return new UflowError("ERR_UFLOW_OUTPUT", `Cannot write "${path}": ${messageOf(error)}`, {
      cause: error,
    });
  }
  return error;
}

const bad = (path: string, problem: string, cause?: unknown) =>
  new UflowError("ERR_UFLOW_BAD_RECORDS", `Cannot open the audit store "${path}": ${problem}`, { cause });
