import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { type FolderOptions, writeToFolder } from "#uflow/records/folder.js";
import type { FrameRecord, RecordedImage } from "#uflow/records/record.js";
import { Recorder } from "#uflow/records/recorder.js";
import { inspection, recordable, scratch, undecided, until } from "./frames.js";

const pixels = { data: new Uint8Array(64).fill(100), width: 8, height: 8, channels: 1 as const };
const jpeg = () => sharp(pixels.data, { raw: pixels }).jpeg().toBuffer();

const recorder = new Recorder({ now: () => Date.UTC(2026, 0, 31, 23, 59) });
const bad = inspection(true);

async function write(
  folder: string,
  options: FolderOptions,
  records: readonly [FrameRecord, RecordedImage, boolean?][],
) {
  const sink = await writeToFolder(folder, options);
  for (const [record, image, drawn] of records) {
    expect(await sink.write(record, { image, ...(drawn && { inspection: bad }) })).toBe(true);
  }
  await sink.close();
}

it("has a file per record, by day and station, and pictures of what is not good", async () => {
  await using place = await scratch();
  const good = recorder.record(recordable());
  const anomalous = recorder.record(recordable({ outcome: bad }));
  const none = recorder.record(recordable({ outcome: undecided, station: "" }));
  const image = await jpeg();
  await write(place.path("new"), {}, [
    [good, image],
    [anomalous, image, true],
    [none, Buffer.from("no image")],
  ]);
  const day = place.path("new", "2026-01-31");
  expect(await readdir(day)).toEqual(["_", "press%201"]);
  const wanted = [
    `${good.id}.json`,
    `${anomalous.id}.image.jpg`,
    `${anomalous.id}.json`,
    `${anomalous.id}.mask.png`,
    `${anomalous.id}.overlay.png`,
  ];
  expect(await readdir(join(day, "press%201"))).toEqual(wanted);
  expect(await readdir(join(day, "_"))).toEqual([`${none.id}.image.bin`, `${none.id}.json`]);
  expect(JSON.parse(await readFile(join(day, "press%201", wanted[2]!), "utf8"))).toEqual(anomalous);
  expect(await readFile(join(day, "press%201", wanted[1]!))).toEqual(image);
  expect(await sharp(join(day, "press%201", wanted[3]!)).metadata()).toMatchObject({ width: 8, height: 8 });
});

it("has pictures of all or of none, of pixels as PNG", async () => {
  await using place = await scratch();
  const good = recorder.record(recordable());
  await write(place.path("all"), { pictures: "all" }, [[good, pixels]]);
  await write(place.path("none"), { pictures: "none" }, [[good, pixels]]);
  const names = await readdir(place.path("all", "2026-01-31", "press%201"));
  expect(names).toEqual([`${good.id}.image.png`, `${good.id}.json`]);
  const png = sharp(place.path("all", "2026-01-31", "press%201", names[0]!));
  expect(new Uint8Array(await png.extractChannel(0).raw().toBuffer())).toEqual(pixels.data);
  expect(await readdir(place.path("none", "2026-01-31", "press%201"))).toEqual([`${good.id}.json`]);
});

it("stays in its folder, whatever station, time and id say", async () => {
  await using place = await scratch();
  const record = {
    ...recorder.record(recordable({ station: "../../out" })),
    id: "../id",
    time: "../../../../x",
  };
  await write(place.path("in"), {}, [[record, pixels]]);
  expect(await readdir(place.folder)).toEqual(["in"]);
  expect(await readdir(place.path("in", "%2E.%2F..%2F..%2F%2E", "%2E.%2F..%2Fout"))).toEqual([
    "%2E.%2Fid.json",
  ]);
});

it("leaves out pictures that cannot be drawn, and says so", async () => {
  await using place = await scratch();
  const told: string[] = [];
  const sink = await writeToFolder(place.folder, { onProblem: (message) => told.push(message) });
  const anomalous = recorder.record(recordable({ outcome: bad }));
  expect(await sink.write(anomalous, { image: Buffer.from("no image"), inspection: bad })).toBe(true);
  await sink.close();
  expect(told).toEqual([expect.stringContaining("folder leaves out pictures: Cannot read the image")]);
  const names = await readdir(place.path("2026-01-31", "press%201"));
  expect(names).toEqual([`${anomalous.id}.image.bin`, `${anomalous.id}.json`]);
});

it("tries again where it cannot write, and says why", async () => {
  await using place = await scratch();
  const told: string[] = [];
  const sink = await writeToFolder(place.path("in"), { onProblem: (message) => told.push(message) });
  await writeFile(place.path("in", "2026-01-31"), "in the way");
  void sink.write(recorder.record(recordable()));
  await until(() => sink.stats.problem !== null);
  expect(sink.stats.problem).toContain("a part of the path is a file");
  await sink.close(20);
  expect(sink.stats).toMatchObject({ queued: 0, written: 0, dropped: 1 });
});
