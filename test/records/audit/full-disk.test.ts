import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { onTinyDisk } from "../../fixtures/tiny-disk.js";

/** Fills the disk, writes on, frees the disk again; what is said last is what became of it. */
const program = (folder: string) => `
  import { rmSync, writeFileSync } from "node:fs";
  import { openAuditStore } from "#uflow/records/audit/store.js";
  import { Recorder } from "#uflow/records/recorder.js";
  const folder = ${JSON.stringify(folder)};
  const told = [];
  const store = await openAuditStore(folder + "/a.db", { linger: 0, queueSize: 100, onProblem: (message) => told.push(message) });
  const recorder = new Recorder();
  const outcome = { verdict: "undecided", reason: "deadline", error: { code: "ERR_UFLOW_BUSY", message: "x".repeat(1000) } };
  const write = () => store.write(recorder.record({ outcome, image: { name: "part", sha256: null }, model: { name: "m", sha256: "" }, settings: {} }));
  const first = await write();
  const filling = (bytes) => { try { writeFileSync(folder + "/filling" + bytes, Buffer.alloc(bytes)); return true; } catch { return false; } };
  for (let bytes = 2 ** 20; bytes >= 4096; bytes /= 2) filling(bytes);
  const later = Promise.all(Array.from({ length: 300 }, write));
  while (store.stats.failures < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const full = store.stats;
  for (let bytes = 2 ** 20; bytes >= 4096; bytes /= 2) rmSync(folder + "/filling" + bytes, { force: true });
  const arrived = (await later).filter(Boolean).length;
  const { intact, records, neverArrived } = await store.verify();
  const { stats } = store;
  await store.close();
  console.log(JSON.stringify({ first, full, arrived, intact, records, neverArrived, stats, told }));`;

it("a full disk loses only what the queue cannot hold, says so, and is recovered from", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "uflow-disk-"));
  try {
    if (onTinyDisk(folder, "").status !== 0) return context.skip("mounting a disk needs root on Linux");
    const { stdout, stderr } = onTinyDisk(folder, program(folder));
    expect(stderr).toBe("");
    const { first, full, arrived, intact, records, stats, told } = JSON.parse(stdout);
    expect(first).toBe(true);
    expect(full).toMatchObject({ queued: 100, problem: expect.stringContaining("the disk is full") });
    expect(stats).toMatchObject({ queued: 0, problem: null, written: arrived + 1, dropped: 300 - arrived });
    expect({ intact, records }).toEqual({ intact: true, records: arrived + 1 });
    expect(arrived).toBeGreaterThanOrEqual(100);
    expect(told[0]).toMatch(/loses records: its queue is full|the disk is full/);
    expect(told.at(-1)).toMatch(/^audit works again; \d+ records were lost$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
