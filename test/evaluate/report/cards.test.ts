import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Pictured } from "#uflow/evaluate/examined.js";
import { SheetDrawer } from "#uflow/evaluate/report/cards.js";

let data: string;
let path: string;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "uflow-cards-"));
  path = join(data, "part.png");
  const grey = { width: 40, height: 20, channels: 3 as const, background: "#808080" };
  await sharp({ create: grey }).png().toFile(path);
});

afterAll(() => rm(data, { recursive: true, force: true }));

function pictured(kind: string, logNfa: number, truth: Pictured["truth"] = null): Pictured {
  const anomalyMap = { data: new Float32Array(16).fill(0.4), width: 4, height: 4 };
  const verdict = {
    anomalous: logNfa < 0,
    anomalyScore: 0.4,
    logNfa,
    regions: [],
    iou: null,
    truthRegions: null,
  };
  const timings = { decode: 1, preprocess: 1, network: 1, segment: 1 };
  const image = { width: 40, height: 20 };
  const area = { x: 0, y: 0, ...image };
  return { path, kind, truth, anomalyMap, ...verdict, image, area, map: { width: 4, height: 4 }, timings };
}

it("sorts images by what came out, the most significant first, and counts those that it leaves out", async () => {
  const drawer = new SheetDrawer(data);
  const images = [pictured("good", -3), pictured("cut", 5), pictured("cut", -7), pictured("cut", -90)];
  for (const image of images) await drawer.add(image);
  for (let i = 20; i > 0; i--) await drawer.add(pictured("good", i));
  const seen = drawer
    .sheets()
    .map(({ title, total, cards }) => [title, total, cards.map(({ logNfa }) => logNfa)]);
  expect(seen).toEqual([
    ["False alarms", 1, [-3]],
    ["Missed defects", 1, [5]],
    ["Found defects", 2, [-90, -7]],
    ["Good parts without an alarm", 20, Array.from({ length: 12 }, (_, i) => i + 1)],
  ]);
});

it("shows no overlap with a defect of which no pixel is marked", async () => {
  const marked = { data: new Uint8Array(16).fill(1, 5, 7), width: 4, height: 4 };
  const empty = { ...marked, data: new Uint8Array(16) };
  const drawer = new SheetDrawer(data);
  for (const truth of [marked, empty]) await drawer.add({ ...pictured("cut", 5, truth), iou: 1 });
  expect(drawer.sheets()[0]!.cards.map(({ iou }) => iou)).toEqual([1, null]);
});

it("draws part and detection side by side, in the part's proportions, with the outline of the defect", async () => {
  const mask = { data: new Uint8Array(16).fill(1, 5, 7).fill(1, 9, 11), width: 4, height: 4 };
  const drawer = new SheetDrawer(data);
  await drawer.add(pictured("cut", -1, mask));
  await drawer.add(pictured("good", 1, mask));
  const [hit, good] = drawer.sheets().map(({ cards }) => cards[0]!);
  expect(hit).toMatchObject({ name: "part.png", kind: "cut", width: 404, height: 100 });
  const metadata = await sharp(hit!.picture).metadata();
  expect(metadata).toMatchObject({ format: "webp", width: 404, height: 100 });
  const brightest = async (left: number, picture: Buffer) => {
    // Not up to the white line between the two, which is blurred a little.
    const half = { left, top: 0, width: 184, height: 100 };
    return Math.max(...(await sharp(picture).extract(half).greyscale().raw().toBuffer()));
  };
  expect(await brightest(0, hit!.picture)).toBeGreaterThan(220);
  expect(await brightest(220, hit!.picture)).toBeLessThan(150);
  expect(await brightest(0, good!.picture)).toBeLessThan(150);
});

it("fails when an image has gone", async () => {
  const gone = { ...pictured("cut", -1), path: join(data, "gone.png") };
  await expect(new SheetDrawer(data).add(gone)).rejects.toMatchObject({ code: "ERR_UFLOW_BAD_IMAGE" });
});
