import { execFileSync } from "node:child_process";
import { readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import Database from "libsql";
import { afterEach, describe, expect, it, vi } from "vitest";
import { imagePath } from "#uflow/records/audit/image-files.js";
import {
  type AuditOptions,
  type AuditStore,
  type ListOptions,
  openAuditStore,
} from "#uflow/records/audit/store.js";
import { imageSum } from "#uflow/records/image-sum.js";
import type { FrameRecord } from "#uflow/records/record.js";
import { Recorder } from "#uflow/records/recorder.js";
import { inspection, recordable, records, scratch } from "../frames.js";

const day = 86_400_000;

async function written(path: string, written: readonly FrameRecord[], options: AuditOptions = {}) {
  const store = await openAuditStore(path, { linger: 0, ...options });
  await Promise.all(written.map((record) => store.write(record)));
  return store;
}

async function listed(store: AuditStore, options?: ListOptions): Promise<FrameRecord[]> {
  const found: FrameRecord[] = [];
  for await (const record of store.list(options)) found.push(record);
  return found;
}

const sequences = (found: readonly FrameRecord[]) => found.map(({ sequence }) => sequence);

/** As someone would who has the file and knows SQLite. */
function edited(path: string, statements: string): void {
  const db = new Database(path);
  const triggers = db.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all() as {
    name: string;
    sql: string;
  }[];
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  db.exec(statements);
  for (const { sql } of triggers) db.exec(sql);
  db.close();
}

describe("an audit store", () => {
  it("gives records back as they were written, in both orders, also beyond a page", async () => {
    await using place = await scratch();
    const all = records(250, { outcome: inspection(true) });
    await using store = await written(place.path("new", "a.db"), all);
    expect(store.stats).toMatchObject({ written: 250, queued: 0, problem: null });
    expect(await listed(store)).toEqual(all);
    expect(await listed(store, { newestFirst: true, limit: 120 })).toEqual(all.toReversed().slice(0, 120));
  });

  it("finds records by station, verdict, model and time", async () => {
    await using place = await scratch();
    let now = Date.UTC(2026, 0, 1);
    const recorder = new Recorder({ now: () => now });
    const all = [
      ...records(2, { station: "a" }, recorder),
      ...records(2, { outcome: inspection(true) }, recorder),
    ];
    now += day;
    all.push(...records(2, { model: { name: "other", sha256: "c".repeat(64) } }, recorder));
    await using store = await written(place.path("a.db"), all);
    expect(sequences(await listed(store, { station: "a" }))).toEqual([1, 2]);
    expect(sequences(await listed(store, { verdict: "anomalous" }))).toEqual([3, 4]);
    expect(sequences(await listed(store, { model: "c".repeat(64) }))).toEqual([5, 6]);
    expect(sequences(await listed(store, { until: "2026-01-02" }))).toEqual([1, 2, 3, 4]);
    expect(sequences(await listed(store, { since: "2026-01-02T00:00:00Z", station: "press 1" }))).toEqual([
      5, 6,
    ]);
    await expect(listed(store, { since: "yesterday" })).rejects.toThrow(/since: expected a time like/);
  });

  it("goes on where it was left, and knows its last record", async () => {
    await using place = await scratch();
    const path = place.path("a.db");
    const first = records(3);
    await (await written(path, first)).close();
    await using store = await openAuditStore(path, { linger: 0 });
    expect(store.last).toEqual(first[2]);
    const [next] = records(1, {}, new Recorder({ after: store.last }));
    await store.write(next!);
    expect(sequences(await listed(store))).toEqual([1, 2, 3, 4]);
    expect(await store.verify()).toMatchObject({ intact: true, records: 4, neverArrived: 0 });
  });

  it("adds a record once, when nobody was told that it is there and it is written again", async () => {
    await using place = await scratch();
    const all = records(2);
    await using store = await written(place.path("a.db"), [...all, ...all]);
    expect(sequences(await listed(store))).toEqual([1, 2]);
    expect((await store.verify()).intact).toBe(true);
  });

  it("is written by two processes at once, in one chain", async () => {
    await using place = await scratch();
    const path = place.path("a.db");
    await using store = await openAuditStore(path, { linger: 0 });
    await using other = await openAuditStore(path, { linger: 0 });
    await Promise.all(records(100).map((record, i) => (i % 2 ? store : other).write(record)));
    expect(await store.verify()).toMatchObject({ intact: true, records: 100 });
  });

  it("acknowledges nothing that it writes to a file that was removed, and says so", async () => {
    await using place = await scratch();
    const path = place.path("a.db");
    const told: string[] = [];
    const [first, second] = records(2);
    const store = await written(path, [first!], { onProblem: (message) => told.push(message) });
    expect(await store.flush()).toBe(true);
    for (const end of ["", "-wal", "-shm"]) await rm(path + end, { force: true });
    const arrived = store.write(second!);
    await vi.waitFor(() => expect(store.stats.problem).toContain("removed, renamed or replaced"), 20_000);
    expect(told).toEqual([expect.stringContaining("start again")]);
    await store.close(10);
    expect(await arrived).toBe(false);
    await using again = await openAuditStore(path);
    expect(await again.write(second!)).toBe(true);
  });

  it("has all that it acknowledged in its file when that was renamed, whatever stands in its place", async () => {
    await using place = await scratch();
    const [path, old, other] = ["a.db", "old.db", "other.db"].map((name) => place.path(name));
    const [first, second, third] = records(3);
    await (await written(other!, [second!])).close();
    const store = await written(path!, [first!]);
    await store.flush();
    await rename(path!, old!);
    await rename(other!, path!);
    const arrived = store.write(third!);
    await vi.waitFor(() => expect(store.stats.problem).toContain("removed, renamed or replaced"), 20_000);
    await store.close(10);
    expect(await arrived).toBe(false);
    // In another process, since a database that was closed stays open until its statements are collected.
    const program = `import Database from "libsql"; console.log(new Database(process.argv[1]).prepare("SELECT count(*) n FROM records").get().n)`;
    const args = ["--input-type=module", "-e", program, old!];
    expect(execFileSync(process.execPath, args, { encoding: "utf8" })).toBe("1\n");
  });

  it("says what it cannot open, and does not touch it", async () => {
    await using place = await scratch();
    await writeFile(
      place.path("text.db"),
      "no database, but long enough to be read as the header of one".repeat(20),
    );
    await expect(openAuditStore(place.path("text.db"))).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_RECORDS",
    });
    const foreign = new Database(place.path("foreign.db"));
    foreign.exec("CREATE TABLE notes (text TEXT)");
    foreign.close();
    await expect(openAuditStore(place.path("foreign.db"))).rejects.toThrow(
      /it is a database of another program/,
    );
    await (await openAuditStore(place.path("newer.db"))).close();
    edited(place.path("newer.db"), "PRAGMA user_version = 99");
    await expect(openAuditStore(place.path("newer.db"))).rejects.toThrow(
      /by a newer version of uflow \(format 99\)/,
    );
    await expect(openAuditStore(place.path("none.db"), { create: false })).rejects.toThrow(
      /there is no such file/,
    );
    await expect(openAuditStore(place.folder)).rejects.toThrow(/it is a folder/);
    const files = await readdir(place.folder);
    expect(files.filter((name) => name.endsWith(".db"))).toEqual(["foreign.db", "newer.db", "text.db"]);
  });

  it("is closed after close()", async () => {
    await using place = await scratch();
    const store = await written(place.path("a.db"), records(1));
    await store.close();
    expect(await store.write(records(1)[0]!)).toBe(false);
    await expect(listed(store)).rejects.toMatchObject({ code: "ERR_UFLOW_CLOSED" });
  });
});

describe("the chain", () => {
  it("is guarded by the database itself", async () => {
    await using place = await scratch();
    const path = place.path("a.db");
    await (await written(path, records(3))).close();
    const db = new Database(path);
    const refused = [
      "UPDATE records SET record = '{}' WHERE n = 2",
      "DELETE FROM records WHERE n = 3",
      "DELETE FROM records",
      "INSERT INTO records (n, sum, record) VALUES (9, x'00', '{}')",
      "INSERT OR REPLACE INTO records (n, sum, record) SELECT 4, sum, record FROM records WHERE n = 1",
      "INSERT OR REPLACE INTO records (n, sum, record) SELECT n, sum, '{}' FROM records WHERE n = 1",
      "UPDATE anchor SET n = 3",
      "DELETE FROM anchor",
    ];
    for (const statement of refused) expect(() => db.exec(statement), statement).toThrow(/record|anchor/);
    db.close();
    await using store = await openAuditStore(path);
    expect(await store.verify()).toMatchObject({ intact: true, records: 3 });
  });

  it.each([
    [
      "a record was changed",
      "UPDATE records SET record = replace(record, 'good', 'anomalous') WHERE n = 2",
      "record 2 was changed",
    ],
    ["a sum was changed", "UPDATE records SET sum = zeroblob(32) WHERE n = 2", "record 2 was changed"],
    ["a record is missing", "DELETE FROM records WHERE n = 2", "records 2 … 2 are missing"],
    [
      "two have changed places",
      "UPDATE records SET n = -n; UPDATE records SET n = CASE n WHEN -2 THEN 3 WHEN -3 THEN 2 ELSE -n END",
      "record 2 was changed",
    ],
    ["the beginning is missing", "DELETE FROM records WHERE n = 1", "records 1 … 1 are missing"],
    ["the end is missing", "DELETE FROM records WHERE n > 3", "records 4 … 5 are missing at the end"],
    [
      "a record stands before a beginning that was moved",
      "UPDATE anchor SET (n, sum) = (SELECT n, sum FROM records WHERE n = 2); UPDATE records SET record = '{}' WHERE n = 1",
      "record 1 stands before the chain's beginning",
    ],
    [
      "a record was put before the first",
      'INSERT INTO records (n, sum, record) SELECT -1, sum, replace(record, \'"id":"\', \'"id":"x\') FROM records WHERE n = 1',
      "record -1 stands before the chain's beginning",
    ],
    [
      "all was written anew",
      "UPDATE anchor SET sum = zeroblob(31); UPDATE records SET sum = x'01' WHERE n = 5",
      "the chain up to record 5 is not the one that was noted",
    ],
  ])("shows that %s", async (_, statements, problem) => {
    await using place = await scratch();
    const path = place.path("a.db");
    const store = await written(path, records(5));
    const head = await store.head();
    await store.close();
    edited(path, statements);
    await using again = await openAuditStore(path);
    const { intact, problems } = await again.verify({ head });
    expect(intact).toBe(false);
    expect(problems.join("\n")).toContain(problem);
  });

  it("tells what never arrived, which is no damage", async () => {
    await using place = await scratch();
    const all = records(6);
    await using store = await written(place.path("a.db"), [...all.slice(0, 2), ...all.slice(4)]);
    expect(await store.verify()).toMatchObject({ intact: true, neverArrived: 2 });
  });
});

describe("retention", () => {
  it("removes the oldest by number, and leaves a chain that can be verified", async () => {
    await using place = await scratch();
    await using store = await written(place.path("a.db"), records(20));
    const head = await store.head();
    expect(await store.prune({ records: 5 })).toEqual({ records: 15, images: 0 });
    expect(sequences(await listed(store))).toEqual([16, 17, 18, 19, 20]);
    expect(await store.verify({ head })).toMatchObject({ intact: true, records: 5, anchor: { n: 15 }, head });
    expect(await store.prune({ records: 5 })).toEqual({ records: 0, images: 0 });
  });

  it("removes by age, and stops at the first record that is young, whatever the clock said later", async () => {
    await using place = await scratch();
    const days = [9, 8, 1, 7, 0];
    const recorder = new Recorder({ now: () => Date.now() - days.shift()! * day });
    await using store = await written(place.path("a.db"), records(5, {}, recorder));
    await store.prune({ days: 5 });
    expect(sequences(await listed(store))).toEqual([3, 4, 5]);
    await store.prune({ days: 0.5 });
    expect(sequences(await listed(store))).toEqual([5]);
    await store.prune({ days: 1e-9 });
    expect(await listed(store)).toEqual([]);
    const [next] = records(1);
    await store.write(next!);
    expect(await store.verify()).toMatchObject({ intact: true, records: 1, anchor: { n: 5 } });
  });

  describe("by age, while records are written,", () => {
    const hour = day / 24;
    const today = Date.UTC(2026, 5, 30);
    const year = { retention: { days: 365 } };
    afterEach(() => vi.restoreAllMocks());

    /** A store with a record of each hour of so many days before today, and the clock at today. */
    async function hourly(path: string, days: number, options?: AuditOptions) {
      const clock = { now: today - days * day };
      vi.spyOn(Date, "now").mockImplementation(() => clock.now);
      const recorder = new Recorder({ now: () => (clock.now += hour) });
      const store = await written(path, records(24 * days, {}, recorder), options);
      const write = async (now: number) => {
        clock.now = now;
        await store.write(records(1, {}, recorder)[0]!);
      };
      return { store, write };
    }

    it("keeps what is young, and lets go what is old", async () => {
      await using place = await scratch();
      const { store, write } = await hourly(place.path("a.db"), 3, { retention: { days: 3 } });
      await write(today + 12 * hour);
      await write(today + 12 * hour);
      const [oldest] = await listed(store, { limit: 1 });
      expect(Date.parse(oldest!.time)).toBe(today - 3 * day + 13 * hour);
      await store.close();
    });

    it("loses a day and not all when the clock is set forward by a year, and nothing more when it is right again", async () => {
      await using place = await scratch();
      const { store, write } = await hourly(place.path("a.db"), 30, year);
      for (let i = 0; i < 5; i++) await write(today + 400 * day);
      const left = await listed(store);
      expect(left).toHaveLength(30 * 24 + 5 - 24);
      for (let i = 1; i < 5; i++) await write(today + i * hour);
      expect((await listed(store)).slice(0, left.length)).toEqual(left);
      expect((await store.verify()).intact).toBe(true);
      await store.close();
    });

    it("loses nothing when the clock is set back, nor when it is right again", async () => {
      await using place = await scratch();
      const { store, write } = await hourly(place.path("a.db"), 5, year);
      for (const now of [0, today - 1000 * day, today - 400 * day, today]) await write(now);
      expect(await listed(store)).toHaveLength(5 * 24 + 4);
      await store.close();
    });

    it("passes over records of a clock that began in 1970", async () => {
      await using place = await scratch();
      const recorder = new Recorder({ now: () => 0 });
      await (await written(place.path("a.db"), records(3, {}, recorder))).close();
      const { store } = await hourly(place.path("a.db"), 2);
      await store.close();
      await using again = await openAuditStore(place.path("a.db"), { linger: 0, ...year });
      const later = records(4, {}, new Recorder({ now: () => today }));
      for (const record of later) await again.write(record);
      const [oldest] = await listed(again, { limit: 1 });
      expect(Date.parse(oldest!.time)).toBe(today - 2 * day + hour);
    });
  });

  it("removes by bytes, and gives the space back", async () => {
    await using place = await scratch();
    const path = place.path("a.db");
    const store = await written(path, records(1200));
    await store.prune({ bytes: 700_000 });
    const left = await listed(store);
    await store.close();
    const { length } = await readFile(path);
    expect(left.length).toBeGreaterThan(300);
    expect(left.length).toBeLessThan(1000);
    expect(length).toBeLessThanOrEqual(700_000);
    expect(length).toBeGreaterThan(500_000);
  });

  it("happens by itself while records are written", async () => {
    await using place = await scratch();
    await using store = await written(place.path("a.db"), records(200), { retention: { records: 10 } });
    await store.write(records(1)[0]!);
    expect((await listed(store)).length).toBeLessThanOrEqual(11);
    expect((await store.verify()).intact).toBe(true);
  });
});

describe("images", () => {
  const picture = (text: string) => Buffer.from(`picture ${text}`);

  async function pictured(
    recorder: Recorder,
    text: string,
    anomalous = false,
  ): Promise<[FrameRecord, Buffer]> {
    const image = { name: "x", sha256: await imageSum(picture(text)) };
    return [recorder.record(recordable({ image, outcome: inspection(anomalous) })), picture(text)];
  }

  it("are kept once each where they are wanted, and verified", async () => {
    await using place = await scratch();
    const path = place.path("a.db");
    await using store = await openAuditStore(path, { linger: 0, keepImages: "not good" });
    const recorder = new Recorder();
    const bad = await pictured(recorder, "bad", true);
    for (const [record, image] of [
      bad,
      await pictured(recorder, "bad", true),
      await pictured(recorder, "good"),
    ]) {
      expect(await store.write(record, { image })).toBe(true);
    }
    const [first, second, good] = await listed(store);
    expect(Buffer.from((await store.image(first!)) as Uint8Array)).toEqual(picture("bad"));
    expect(await store.image(second!)).toEqual(await store.image(first!));
    expect(await store.image(good!)).toBeUndefined();
    expect(await store.verify()).toMatchObject({ intact: true, images: 1 });
    await writeFile(imagePath(path, first!.image.sha256!), "another");
    expect((await store.verify()).problems).toEqual([`the image ${first!.image.sha256} was changed`]);
  });

  it("that would lie elsewhere are neither read nor removed", async () => {
    await using place = await scratch();
    const path = place.path("a.db");
    const other = place.path("other");
    await writeFile(other, "another's");
    // The first two letters are a folder.
    const sum = `..${"/..".repeat(30)}${other}`;
    const record = new Recorder().record(recordable({ image: { name: "part", sha256: sum } }));
    const store = await written(path, [record]);
    await store.close();
    edited(path, `INSERT INTO images VALUES ('${sum}', 9)`);
    await using again = await openAuditStore(path);
    await expect(again.image(record)).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_RECORDS" });
    expect((await again.verify()).problems).toEqual([`the image ${sum} is missing or cannot be read`]);
    await utimes(other, 1, 1);
    await again.prune({ days: 1e-9 });
    expect(await readFile(other, "utf8")).toBe("another's");
  });

  it("are pixels again where pixels were given", async () => {
    await using place = await scratch();
    await using store = await openAuditStore(place.path("a.db"), { linger: 0, keepImages: "all" });
    const image = {
      data: Uint8Array.from({ length: 12 }, (_, i) => i),
      width: 2,
      height: 2,
      channels: 3 as const,
    };
    const record = new Recorder().record(
      recordable({ image: { name: "camera", sha256: await imageSum(image) } }),
    );
    await store.write(record, { image });
    expect(await store.image(record)).toEqual(image);
    expect((await store.verify()).intact).toBe(true);
  });

  it("go with the last record that has them, unless they were just written", async () => {
    await using place = await scratch();
    const path = place.path("a.db");
    await using store = await openAuditStore(path, { linger: 0, keepImages: "all" });
    const recorder = new Recorder();
    const all = [await pictured(recorder, "a"), await pictured(recorder, "b"), await pictured(recorder, "a")];
    for (const [record, image] of all) await store.write(record, { image });
    for (const [{ image }] of all) await utimes(imagePath(path, image.sha256!), 1e9, 1e9);
    expect(await store.prune({ records: 1 })).toEqual({ records: 2, images: 1 });
    expect(await store.image(all[1]![0])).toBeUndefined();
    expect(await store.image(all[2]![0])).toBeDefined();
    expect((await store.verify()).images).toBe(1);
  });
});
