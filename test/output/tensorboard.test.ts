import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EventFile, encodeEvent, encodeRecord } from "#uflow/output/tensorboard.js";
import { havePython, readEvents } from "./read-events.js";

let scratch: string;
const warnings: string[] = [];
const warn = (message: string) => {
  warnings.push(message);
};

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "uflow-tensorboard-"));
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

it("frames a record as it is laid down, byte for byte", () => {
  const event = encodeEvent({ time: 1.5, step: 300, what: { a: 0.5 } });
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  // time 1.5, step 300, summary { value { tag "a", simple_value 0.5 } }
  expect(hex(event)).toBe("09000000000000f83f" + "10ac02" + "2a0a" + "0a08" + "0a0161" + "150000003f");
  const record = encodeRecord(event);
  expect(record).toHaveLength(event.length + 16);
  expect(hex(record.subarray(0, 8))).toBe("1800000000000000");
  expect(hex(record.subarray(12, 12 + event.length))).toBe(hex(event));
});

it.skipIf(!havePython)("is read by a reader that knows nothing of it, also while it grows", async () => {
  const folder = join(scratch, "deep", "run");
  using events = await EventFile.create(folder, warn);
  const path = join(folder, (await readdir(folder))[0]!);
  expect(path).toMatch(/\/events\.out\.tfevents\.\d{10}\./);
  events.startSession(7);
  events.scalars(7, { "loss/training": -1234.5, rate: 2 ** -8 });
  events.scalars(14, { "loss/training": Number.NaN, größe: 2 ** 40 });
  const [[begin, session, first, second] = []] = readEvents([path]);
  expect(begin).toMatchObject({ version: "brain.Event:2", step: 0 });
  expect(session).toMatchObject({ step: 7, session: 1 });
  expect(first).toMatchObject({ step: 7, scalars: { "loss/training": -1234.5, rate: 2 ** -8 } });
  expect(Math.abs(first!.time - Date.now() / 1000)).toBeLessThan(60);
  expect(second).toMatchObject({ step: 14, scalars: { größe: 2 ** 40 } });
});

it("makes a new file each time and leaves those of before alone", async () => {
  const folder = join(scratch, "twice");
  for (const step of [1, 2]) {
    using events = await EventFile.create(folder, warn);
    events.scalars(step, { x: step });
  }
  expect(await readdir(folder)).toHaveLength(2);
});

it("refuses a place where no file can be made", async () => {
  const file = join(scratch, "file");
  await writeFile(file, "");
  await expect(EventFile.create(file, warn)).rejects.toMatchObject({ code: "ERR_UFLOW_OUTPUT" });
});

it("writes nothing after it was closed", async () => {
  const folder = join(scratch, "closed");
  const events = await EventFile.create(folder, warn);
  const path = join(folder, (await readdir(folder))[0]!);
  const before = await readFile(path);
  events.close();
  events.close();
  events.scalars(1, { x: 1 });
  expect(await readFile(path)).toEqual(before);
  expect(warnings).toEqual([]);
});
