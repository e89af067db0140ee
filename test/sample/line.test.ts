import { writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, it } from "vitest";
import { defectKinds, type LineOptions, makePart, type ProductName, writeLine } from "#uflow/sample/index.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-line-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const small: LineOptions = { side: 64, train: 3, good: 2, perDefect: 2, seed: 5 };

async function filesOf(where: string): Promise<string[]> {
  const entries = await readdir(where, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(where.length + 1))
    .sort();
}

it("lays the pictures and masks out as MVTec AD does", async () => {
  const steps: string[] = [];
  const line = await writeLine(join(folder, "plate"), "plate", {
    ...small,
    onProgress: (done, total) => steps.push(`${done}/${total}`),
  });
  const numbers = (where: string, count: number, end: string) =>
    Array.from({ length: count }, (_, i) => `${where}/00${i}${end}`);
  const expected = [
    ...numbers("train/good", 3, ".png"),
    ...numbers("test/good", 2, ".png"),
    ...defectKinds.plate.flatMap((kind) => numbers(`test/${kind}`, 2, ".png")),
    ...defectKinds.plate.flatMap((kind) => numbers(`ground_truth/${kind}`, 2, "_mask.png")),
  ];
  expect(await filesOf(line.folder)).toEqual(expected.sort());
  expect(line.images).toEqual({ train: 3, good: 2, defective: 2 * defectKinds.plate.length });
  expect(steps).toHaveLength(5 + 2 * defectKinds.plate.length);
  expect(steps.at(-1)).toBe(`${steps.length}/${steps.length}`);
});

it("writes what makePart makes, picture and mask", async () => {
  await writeLine(folder, "blister", small);
  const kind = defectKinds.blister[1]!;
  const { image, mask } = makePart("blister", { side: 64, seed: 5, index: 3 + 2 + 2, defect: kind });
  const picture = await sharp(join(folder, "test", kind, "000.png"))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(picture.info).toMatchObject({ width: 64, height: 64, channels: 3 });
  expect(new Uint8Array(picture.data)).toEqual(image.data);
  const truth = sharp(join(folder, "ground_truth", kind, "000_mask.png"));
  expect(await truth.metadata()).toMatchObject({ width: 64, height: 64, channels: 1 });
  const levels = await truth.toColourspace("b-w").raw().toBuffer();
  expect(new Uint8Array(levels)).toEqual(mask.map((inside) => 255 * inside));
});

it("writes the same files from the same seed, and no part twice", async () => {
  const [first, second] = [join(folder, "a"), join(folder, "b")];
  await writeLine(first, "fabric", small);
  await writeLine(second, "fabric", small);
  const images = (await filesOf(first)).filter((name) => !name.startsWith("ground_truth"));
  const bytes = await Promise.all(images.map((name) => readFile(join(first, name), "base64")));
  expect(await Promise.all(images.map((name) => readFile(join(second, name), "base64")))).toEqual(bytes);
  expect(new Set(bytes).size).toBe(images.length);
});

it("leaves the folders of kinds out when none are wanted", async () => {
  const line = await writeLine(folder, "fabric", { ...small, good: 0, perDefect: 0 });
  expect(line).toMatchObject({ images: { train: 3, good: 0, defective: 0 }, defects: [] });
  expect(await readdir(folder)).toEqual(["train"]);
});

it("refuses a folder that holds files, and leaves them alone", async () => {
  await writeFile(join(folder, "photo.png"), "mine");
  await expect(writeLine(folder, "fabric", small)).rejects.toMatchObject({
    code: "ERR_UFLOW_OUTPUT",
    message: expect.stringContaining("not empty"),
  });
  await expect(writeLine(join(folder, "photo.png"), "fabric", small)).rejects.toMatchObject({
    code: "ERR_UFLOW_OUTPUT",
  });
  expect(await filesOf(folder)).toEqual(["photo.png"]);
});

it("stops when it is told to, and leaves whole files", async () => {
  const controller = new AbortController();
  const onProgress = (done: number) => {
    if (done === 2) controller.abort();
  };
  const options = { ...small, train: 400, signal: controller.signal, onProgress };
  await expect(writeLine(folder, "fabric", options)).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
  const files = await filesOf(folder);
  expect(files.length).toBeLessThan(400);
  for (const name of files) expect((await sharp(join(folder, name)).stats()).channels).toHaveLength(3);
  await expect(writeLine(join(folder, "b"), "fabric", options)).rejects.toMatchObject({
    code: "ERR_UFLOW_ABORTED",
  });
  expect(await filesOf(folder)).toEqual(files);
});

it("hands on what the listener throws, and failures of a drawing thread", async () => {
  const onProgress = () => {
    throw new RangeError("mine");
  };
  await expect(writeLine(join(folder, "a"), "plate", { ...small, onProgress })).rejects.toThrow("mine");
  // Where a folder is needed later there is suddenly a file.
  const spoil = (done: number) => {
    if (done === 1) writeFileSync(join(folder, "c", "test"), "mine");
  };
  const writing = writeLine(join(folder, "c"), "plate", { ...small, train: 60, onProgress: spoil });
  await expect(writing).rejects.toMatchObject({
    code: "ERR_UFLOW_OUTPUT",
    message: expect.stringContaining("test"),
  });
  // Nothing is being written any more.
  await rm(join(folder, "c"), { recursive: true });
});

it("names every option that is wrong before it writes anything", async () => {
  const wrong = {
    side: 63,
    train: 0,
    good: -1,
    perDefect: 1.5,
    seed: "x",
    colour: "red",
  } as unknown as LineOptions;
  const writing = writeLine(join(folder, "new"), "shoe" as ProductName, wrong);
  await expect(writing).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_OPTION",
    message: expect.stringMatching(/product.*side.*train.*good.*perDefect.*seed.*colour/),
  });
  expect(await readdir(folder)).toEqual([]);
});
