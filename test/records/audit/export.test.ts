import { readdir, readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import sharp from "sharp";
import { expect, it } from "vitest";
import { exportRecords } from "#uflow/records/audit/export.js";
import { openAuditStore } from "#uflow/records/audit/store.js";
import { imageSum } from "#uflow/records/image-sum.js";
import { Recorder } from "#uflow/records/recorder.js";
import { inspection, recordable, records, scratch, undecided } from "../frames.js";

it("writes JSON lines, whole records, of those that are asked for", async () => {
  await using place = await scratch();
  await using store = await openAuditStore(place.path("a.db"), { linger: 0 });
  const all = [...records(300), ...records(2, { outcome: inspection(true) })];
  await Promise.all(all.map((record) => store.write(record)));
  const output = place.path("all.jsonl");
  expect(await exportRecords(store, { output })).toEqual({ records: 302, images: 0 });
  const lines = (await readFile(output, "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(all);
  expect(await exportRecords(store, { output, verdict: "anomalous" })).toEqual({ records: 2, images: 0 });
});

it("writes CSV, a line per record", async () => {
  await using place = await scratch();
  await using store = await openAuditStore(place.path("a.db"), { linger: 0 });
  const recorder = new Recorder();
  const all = [
    recorder.record(recordable({ station: 'a "b", c', outcome: inspection(true) })),
    recorder.record(recordable({ outcome: undecided })),
  ];
  for (const record of all) await store.write(record);
  const output = place.path("all.csv");
  await exportRecords(store, { output });
  const [first, second] = parse(await readFile(output), { columns: true }) as Record<string, string>[];
  expect(first).toMatchObject({ id: all[0]!.id, station: 'a "b", c', verdict: "anomalous", regions: "1" });
  expect(Number(first!.logNfa)).toBe(all[0]!.logNfa);
  expect(second).toMatchObject({ verdict: "undecided", logNfa: "", error: "too late" });
});

it("writes the images that were kept", async () => {
  await using place = await scratch();
  await using store = await openAuditStore(place.path("a.db"), { linger: 0, keepImages: "all" });
  const image = await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const recorder = new Recorder();
  const kept = recorder.record(recordable({ image: { name: "x", sha256: await imageSum(image) } }));
  await store.write(kept, { image });
  await store.write(recorder.record(recordable()));
  const options = { output: place.path("all.jsonl"), images: place.path("images") };
  expect(await exportRecords(store, options)).toEqual({ records: 2, images: 1 });
  expect(await readdir(place.path("images"))).toEqual([`${kept.id}.jpg`]);
  expect(await readFile(place.path("images", `${kept.id}.jpg`))).toEqual(image);
});

it("leaves nothing behind when it is refused or cancelled", async () => {
  await using place = await scratch();
  await using store = await openAuditStore(place.path("a.db"), { linger: 0 });
  await store.write(records(1)[0]!);
  const before = await readdir(place.folder);
  await expect(exportRecords(store, { output: place.path("all.xls") })).rejects.toThrow(
    /format: expected csv or jsonl/,
  );
  const cancelled = { output: place.path("all.csv"), signal: AbortSignal.abort() };
  await expect(exportRecords(store, cancelled)).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
  expect(await readdir(place.folder)).toEqual(before);
});
