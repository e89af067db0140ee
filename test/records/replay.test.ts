import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeImage } from "#uflow/image/decode.js";
import { Inspector, type InspectorOptions } from "#uflow/inspect/index.js";
import { imagePath } from "#uflow/records/audit/image-files.js";
import { type AuditStore, openAuditStore } from "#uflow/records/audit/store.js";
import { imageSum } from "#uflow/records/image-sum.js";
import type { FrameRecord, RecordedImage } from "#uflow/records/record.js";
import { Recorder } from "#uflow/records/recorder.js";
import { replay } from "#uflow/records/replay.js";
import { settingsOf } from "#uflow/records/settings.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";
import { recordable, scratch, undecided } from "./frames.js";

let tiny: TinyModel;
let good: Buffer;
let holed: Buffer;

beforeAll(async () => {
  tiny = await tinyModel();
  good = await readFile(join(tiny.data, "test", "good", "0.png"));
  holed = await readFile(join(tiny.data, "test", "hole", "1.png"));
});

afterAll(() => tiny[Symbol.asyncDispose]());

/** Inspects images and records them, with a change to what is recorded. */
async function recorded(
  store: AuditStore,
  images: readonly RecordedImage[],
  options: InspectorOptions,
  change: object = {},
): Promise<void> {
  await using inspector = await Inspector.open(tiny.model, options);
  const settings = settingsOf(inspector, options);
  const recorder = new Recorder({ after: store.last });
  for (const image of images) {
    const outcome = await inspector.inspect(image);
    const model = { name: "disc", sha256: outcome.model };
    const named = { name: "part", sha256: await imageSum(image) };
    const record = recorder.record({ outcome, image: named, model, settings });
    await store.write({ ...record, ...change }, { image });
  }
}

it("gives the same again, bit for bit, of files and of pixels, each with its options", async () => {
  await using place = await scratch();
  await using store = await openAuditStore(place.path("a.db"), { linger: 0, keepImages: "all" });
  await recorded(store, [good, holed, await decodeImage(holed)], {});
  await recorded(store, [holed], { mapSize: 48, epsilon: 0.01, preset: "reference" });
  const done: number[] = [];
  const result = await replay(store, {
    models: [tiny.model],
    onProgress: (progress) => done.push(progress.done),
  });
  expect(result).toEqual({
    same: 4,
    different: [],
    skipped: { undecided: 0, withoutImage: 0, otherModel: 0 },
  });
  expect(done).toEqual([1, 2, 3, 4]);
});

it("says what differs, of the records that are asked for", async () => {
  await using place = await scratch();
  await using store = await openAuditStore(place.path("a.db"), { linger: 0, keepImages: "all" });
  await recorded(store, [good], {}, { anomalyScore: 2, station: "a" });
  await recorded(store, [good], {}, { station: "b" });
  const { same, different } = await replay(store, { models: [tiny.model], station: "a" });
  expect(same).toBe(0);
  expect(Object.keys(different[0]!.fields)).toEqual(["anomalyScore"]);
  expect(different[0]!.fields.anomalyScore!.recorded).toBe(2);
  expect(different[0]!.fields.anomalyScore!.replayed).toBeLessThanOrEqual(1);
});

it("goes on after an image that is damaged, and says which", async () => {
  await using place = await scratch();
  const path = place.path("a.db");
  await using store = await openAuditStore(path, { linger: 0, keepImages: "all" });
  await recorded(store, [await decodeImage(holed)], {});
  const { value } = await store.list().next();
  const { id, image } = value as FrameRecord;
  await recorded(store, [good], {});
  await writeFile(imagePath(path, image.sha256!), "uflow-pixels {no header\n");
  const { same, different } = await replay(store, { models: [tiny.model] });
  expect(same).toBe(1);
  expect(different).toEqual([{ id, fields: {}, error: expect.stringContaining(image.sha256!) }]);
});

it("skips what cannot be replayed, and says why", async () => {
  await using place = await scratch();
  await using store = await openAuditStore(place.path("a.db"), { linger: 0 });
  await recorded(store, [good], {});
  const recorder = new Recorder();
  await store.write(recorder.record(recordable()));
  await store.write(recorder.record(recordable({ outcome: undecided })));
  const { skipped } = await replay(store, { models: [tiny.model] });
  expect(skipped).toEqual({ undecided: 1, withoutImage: 1, otherModel: 1 });
});

it("refuses what it cannot do", async () => {
  await using place = await scratch();
  await using store = await openAuditStore(place.path("a.db"));
  await expect(replay(store, { models: [] })).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_OPTION" });
  await expect(replay(store, { models: [place.path("none.uflow")] })).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_MODEL",
  });
});
