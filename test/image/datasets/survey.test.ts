import { execFileSync } from "node:child_process";
import { chmod, readFile, symlink, truncate } from "node:fs/promises";
import sharp from "sharp";
import { expect, it } from "vitest";
import { type Problem, surveyDataset } from "#uflow/image/datasets/survey.js";
import { greyBmp, refusedDataset, scratchTree } from "./tree.js";

const tree = scratchTree();

/** A category without fault. */
async function sound(folder = "part") {
  for (let i = 0; i < 3; i++) await tree.grey(i, `${folder}/train/good/${i}.png`);
  await tree.grey(100, `${folder}/test/good/0.png`);
  await tree.grey(101, `${folder}/test/hole/0.png`);
  await tree.grey(255, `${folder}/ground_truth/hole/0_mask.png`);
}

const brief = (problems: readonly Problem[]) =>
  problems.map(({ kind, severity, path }) => [kind, severity, ...tree.names([path])]);

it("counts what there is", async () => {
  await sound("a");
  await sound("b");
  await tree.picture("b/train/good/3.jpeg", { width: 8 });
  const { data, usable, categories } = await surveyDataset(tree.root);
  expect({ data, usable }).toEqual({ data: tree.root, usable: true });
  expect(categories.map(({ name, layout, images }) => [name, layout, images])).toEqual([
    ["a", "mvtec", { train: 3, validation: 0, good: 1, defective: 1 }],
    ["b", "mvtec", { train: 4, validation: 0, good: 1, defective: 1 }],
  ]);
  expect(categories[1]).toMatchObject({
    defects: [{ kind: "hole", images: 1, masks: 1 }],
    sizes: [
      { width: 4, height: 4, images: 5 },
      { width: 8, height: 4, images: 1 },
    ],
    problems: [expect.objectContaining({ kind: "shapes", severity: "warning" })],
  });
  expect(categories[0]!.problems).toEqual([]);
  expect(categories[1]!.problems[0]!.message).toMatch(/different shapes, from 4 × 4 to 8 × 4/);
  expect(categories[1]!.modes.map(({ images }) => images)).toEqual([5, 1]);
  expect(categories[1]!.modes[0]!.mode).toBe("png, 1 × 8 bits");
});

it("lists all that is wrong, and goes on", async () => {
  await sound();
  await tree.write("part/train/good/3.png", "no image");
  await tree.write("part/train/good/4.png", "");
  await tree.write("part/train/good/notes.txt", "");
  await symlink(tree.at("gone.png"), tree.at("part/train/good/5.png"));
  await tree.write("part/test/good/copy.png", await readFile(tree.at("part/train/good/1.png")));
  for (const i of [1, 2, 3]) await tree.grey(101 + i, `part/test/hole/${i}.png`);
  await tree.picture("part/ground_truth/hole/2_mask.png", { width: 8, height: 8, tone: 255 });
  await tree.picture("part/ground_truth/hole/3_mask.png", { width: 8, height: 4, tone: 255 });
  await tree.grey(255, "part/ground_truth/hole/9_mask.png");
  await tree.write("part/test/empty/.keep", "");
  await symlink(tree.at("part"), tree.at("part/circle"));
  const { usable, categories } = await surveyDataset(tree.at("part"));
  expect(usable).toBe(false);
  expect(brief(categories[0]!.problems)).toEqual([
    ["unreadable-image", "error", "part/train/good/3.png"],
    ["unreadable-image", "error", "part/train/good/4.png"],
    ["unreadable-image", "error", "part/train/good/5.png"],
    ["missing-mask", "warning", "part/test/hole/1.png"],
    ["mask-size", "warning", "part/ground_truth/hole/2_mask.png"],
    ["mask-size", "error", "part/ground_truth/hole/3_mask.png"],
    ["leakage", "error", "part/test/good/copy.png"],
    ["unused", "warning", "part/ground_truth/hole/9_mask.png"],
    ["unused", "warning", "part/train/good/notes.txt"],
    ["empty-folder", "warning", "part/test/empty"],
  ]);
});

it("finds the same bytes in large files and in broken ones, and tells files of one length apart", async () => {
  await sound();
  const bmp = (tone: number) => greyBmp(new Uint8Array(300 * 300).fill(tone), 300, 300);
  await tree.write("part/train/good/large.bmp", bmp(7));
  await tree.write("part/test/good/large.bmp", bmp(7));
  await tree.write("part/test/good/other.bmp", bmp(8));
  await tree.write("part/train/good/broken.png", "no image");
  await tree.write("part/test/good/broken.png", "no image");
  const survey = await surveyDataset(tree.at("part"));
  const leaks = survey.categories[0]!.problems.filter(({ kind }) => kind === "leakage");
  expect(brief(leaks).map(([, , path]) => path)).toEqual([
    "part/test/good/broken.png",
    "part/test/good/large.bmp",
  ]);
});

it("names copies among what is learned from and among what is tested; empty files are no copies", async () => {
  await sound();
  await tree.grey(1, "part/train/good/7.png");
  await tree.grey(101, "part/test/hole/9.png");
  for (const path of ["part/train/good/8.png", "part/train/good/9.png", "part/test/good/8.png"])
    await tree.write(path, "");
  const { problems } = (await surveyDataset(tree.at("part"))).categories[0]!;
  const copies = problems.filter(({ kind }) => kind === "copy" || kind === "leakage");
  expect(brief(copies)).toEqual([
    ["copy", "warning", "part/train/good/7.png"],
    ["copy", "warning", "part/test/hole/9.png"],
  ]);
  expect(copies[0]!.message).toMatch(/is the same file as ".*1\.png": it is learned from once/);
});

it.each([
  [4095, 15],
  [65535, undefined],
])("says when 16-bit images leave next to nothing in the upper 8 bits (up to %i)", async (most, left) => {
  await sound();
  const data = Uint16Array.from({ length: 64 }, (_, i) => Math.round((most * i) / 63));
  const image = sharp(data, { raw: { width: 8, height: 8, channels: 1 } }).toColourspace("grey16");
  await tree.write("part/train/good/deep.png", await image.png().toBuffer());
  const { problems } = (await surveyDataset(tree.at("part"))).categories[0]!;
  if (left === undefined) expect(problems).toEqual([]);
  else {
    expect(brief(problems)).toEqual([["dark", "warning", "part/train/good/deep.png"]]);
    expect(problems[0]!.message).toContain(`more than ${left} of 255`);
  }
});

it("finds a truncated image and a mask without white only where it looks deep", async () => {
  await sound();
  await tree.picture("part/train/good/7.png", { width: 64, height: 64 });
  const whole = await readFile(tree.at("part/train/good/7.png"));
  await truncate(tree.at("part/train/good/7.png"), whole.length - 30);
  await tree.grey(1, "part/ground_truth/hole/0_mask.png");
  const problems = async (deep: boolean) => {
    const survey = await surveyDataset(tree.at("part"), { deep });
    return brief(survey.categories[0]!.problems);
  };
  expect(await problems(false)).toEqual([]);
  expect(await problems(true)).toEqual([
    ["unreadable-image", "error", "part/train/good/7.png"],
    ["unreadable-mask", "error", "part/ground_truth/hole/0_mask.png"],
  ]);
});

it("says what can be done with part of a data set", async () => {
  await tree.grey(1, "good/0.png");
  const [one] = (await surveyDataset(tree.at("good"))).categories;
  expect(one!.problems.map(({ severity, message }) => [severity, message])).toEqual([
    ["error", expect.stringMatching(/one image is too few/)],
    ["warning", expect.stringMatching(/no test images/)],
  ]);
  await tree.grey(1, "test-only/test/hole/0.png");
  const [test] = (await surveyDataset(tree.at("test-only"))).categories;
  expect(test!.problems.map(({ kind }) => kind)).toEqual(["too-few", "too-few", "missing-mask"]);
});

it("goes on after a category that cannot be listed, and sees what changed since", async () => {
  await sound("a");
  await tree.grey(0, "b/train/0.png");
  const { usable, categories } = await surveyDataset(tree.root);
  expect(usable).toBe(false);
  expect(brief(categories[1]!.problems)).toEqual([["layout", "error", "b"]]);
  await tree.picture("a/train/good/0.png", { width: 9, height: 9 });
  const again = await surveyDataset(tree.at("a"));
  expect(again.categories[0]!.sizes).toContainEqual({ width: 9, height: 9, images: 1 });
});

it.runIf(process.platform === "linux")("does not wait for who may write to a pipe", async () => {
  await sound();
  execFileSync("mkfifo", [tree.at("part/train/good/pipe.png")]);
  await symlink(tree.at("part/train/good/pipe.png"), tree.at("part/test/hole/pipe.png"));
  const { categories } = await surveyDataset(tree.at("part"));
  expect(categories[0]!.images).toEqual({ train: 3, validation: 0, good: 1, defective: 1 });
  expect(categories[0]!.problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^2 files are no images: .*pipe\.png/),
  ]);
});

/** Root may read everything, so that this runs as somebody else. */
const nobody = 65534;
it.runIf(process.platform === "linux")("goes on after folders that may not be read", async () => {
  await sound("a");
  await sound("b");
  await tree.grey(0, "c/train/good/0.png");
  const closed = [tree.at("b/test"), tree.at("c")];
  await chmod(tree.root, 0o755);
  for (const path of closed) await chmod(path, 0);
  const isRoot = process.geteuid!() === 0;
  if (isRoot) process.seteuid!(nobody);
  const { categories } = await surveyDataset(tree.root).finally(() => isRoot && process.seteuid!(0));
  for (const path of closed) await chmod(path, 0o700);
  expect(categories.map(({ name, problems }) => [name, problems[0]?.message])).toEqual([
    ["a", undefined],
    ["b", expect.stringMatching(/there is no permission to read .*b\/test/)],
    ["c", expect.stringMatching(/there is no permission to read .*c/)],
  ]);
});

it("knows the masks of good images, which tell that these are good", async () => {
  const grey = (tone: number, ...names: string[]) => tree.grey(tone, ...names);
  await grey(0, "k1/kos01/Part0_label.bmp", "k1/kos02/Part0_label.bmp", "k1/kos03/Part0_label.bmp");
  for (const i of [1, 2, 3]) await grey(i, `k1/kos0${i}/Part0.jpg`);
  await grey(0, "k2/train/1_GT.png", "k2/train/2_GT.png", "k2/test/3_GT.png");
  for (const [i, part] of ["train", "train", "test"].entries()) await grey(i, `k2/${part}/${i + 1}.png`);
  for (const i of [1, 2, 3]) {
    await grey(0, `lgg/TCGA_${i}/a_mask.tiff`);
    await grey(i, `lgg/TCGA_${i}/a.tiff`);
    await grey(0, `mt/MT_Free/Imgs/num_${i}.png`);
    await grey(i, `mt/MT_Free/Imgs/num_${i}.jpg`);
  }
  for (const name of ["k1", "k2", "lgg", "mt"]) {
    const { categories } = await surveyDataset(tree.at(name));
    expect(categories[0]!.images).toEqual({ train: 2, validation: 0, good: 1, defective: 0 });
    expect(brief(categories[0]!.problems), name).toEqual([["too-few", "warning", name]]);
  }
});

it("surveys a list, with files that are not there", async () => {
  await tree.grey(1, "0.png");
  await tree.write(
    "list.csv",
    "image,split,label,mask\n0.png,train,good,\n1.png,train,good,\n0.bmp,test,hole,none.png\n",
  );
  await tree.grey(2, "0.bmp");
  const { categories } = await surveyDataset(tree.at("list.csv"));
  expect(categories[0]!.modes.map(({ mode }) => mode)).toEqual(["png, 1 × 8 bits", "bmp, 1 × 8 bits"]);
  expect(brief(categories[0]!.problems)).toEqual([
    ["too-few", "warning", "list.csv"],
    ["unreadable-image", "error", "1.png"],
    ["unreadable-mask", "error", "none.png"],
  ]);
});

it("refuses a folder without categories, and wrong options", async () => {
  await expect(surveyDataset(tree.root)).rejects.toMatchObject(refusedDataset(/no category, but is empty/));
  await expect(surveyDataset(tree.root, { depth: 1 } as object)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_OPTION",
  });
  await sound();
  const signal = AbortSignal.abort();
  await expect(surveyDataset(tree.root, { signal })).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
});
