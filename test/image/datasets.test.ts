import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDataset } from "#uflow/image/datasets.js";
import { findImages } from "#uflow/image/find-images.js";
import { naturalOrder } from "#uflow/image/natural-order.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "uflow-data-"));
});
afterEach(() => rm(root, { recursive: true }));

/** Empty files: a dataset is listed without opening its images. */
async function make(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), "");
  }
}

const names = (paths: string[]) => paths.map((path) => relative(root, path).replaceAll("\\", "/"));
const refused = (message: RegExp) => ({
  code: "ERR_UFLOW_BAD_DATASET",
  message: expect.stringMatching(message),
});

describe("readDataset", () => {
  it("reads the MVTec-AD layout with its masks, in natural order", async () => {
    await make("train/good/10.png", "train/good/9.PNG", "train/good/.DS_Store", "train/good/notes.txt");
    await make("test/good/0.png", "test/hole/1.png", "test/hole/2.png", "test/hole/3.png");
    await make(
      "ground_truth/hole/1_mask.png",
      "ground_truth/hole/2.png",
      "ground_truth/hole/._1_mask.png",
      "license.txt",
    );
    const { train, test } = await readDataset(root);
    expect(names(train)).toEqual(["train/good/9.PNG", "train/good/10.png"]);
    expect(test).toEqual([
      { path: join(root, "test/good/0.png"), defect: "good" },
      {
        path: join(root, "test/hole/1.png"),
        defect: "hole",
        mask: join(root, "ground_truth/hole/1_mask.png"),
      },
      { path: join(root, "test/hole/2.png"), defect: "hole", mask: join(root, "ground_truth/hole/2.png") },
      { path: join(root, "test/hole/3.png"), defect: "hole" },
    ]);
  });

  it("takes a folder with only images for good parts", async () => {
    await make("b.jpeg", "a.tif", "._a.tif", "Thumbs.db");
    const { train, test } = await readDataset(root);
    expect(names(train)).toEqual(["a.tif", "b.jpeg"]);
    expect(test).toEqual([]);
  });

  it("reads a folder of which only the test part is there", async () => {
    await make("test/good/0.png");
    expect(await readDataset(root)).toMatchObject({ train: [], test: [{ defect: "good" }] });
  });

  it("follows links, and lists one that leads nowhere so that it is reported", async () => {
    await make("photos/1.png", "train/other.txt");
    await symlink(join(root, "photos"), join(root, "train/good"));
    await symlink(join(root, "gone.png"), join(root, "photos/2.png"));
    expect(names((await readDataset(root)).train)).toEqual(["train/good/1.png", "train/good/2.png"]);
  });

  it("says what is wrong, what was expected and what was found", async () => {
    await expect(readDataset(join(root, "none"))).rejects.toMatchObject(
      refused(/none does not exist.*MVTec-AD/),
    );
    await expect(readDataset(root)).rejects.toMatchObject(refused(/no images, but is empty/));
    await make("bottle/train/good/0.png", "cable/train/good/0.png", "readme.txt");
    const found = /no images, but found the folders bottle, cable, 1 other files.*train\/good/;
    await expect(readDataset(root)).rejects.toMatchObject(refused(found));
    await expect(readDataset(join(root, "readme.txt"))).rejects.toMatchObject(refused(/not a folder/));
  });

  it("does not pass over images that stand in the wrong place", async () => {
    await make("train/0.png");
    await expect(readDataset(root)).rejects.toMatchObject(
      refused(/train\/ has no folder "good", but found 1 images/),
    );
    await make("train/good/0.png", "test/0.png");
    await expect(readDataset(root)).rejects.toMatchObject(refused(/test\/ has images outside of test\/good/));
  });
});

describe("findImages", () => {
  it("expands files, folders and patterns, each image once, in natural order", async () => {
    await make("a/2.png", "a/10.png", "a/b/1.JPG", "a/.hidden/3.png", "a/notes.txt", "c/x.data", "c/y.png");
    const found = await findImages([
      join(root, "c/x.data"),
      join(root, "a"),
      join(root, "a/*.png"),
      join(root, "c/*"),
    ]);
    expect(names(found)).toEqual(["a/2.png", "a/10.png", "a/b/1.JPG", "c/x.data", "c/y.png"]);
  });

  it("finds a file whose name looks like a pattern, and ends in spite of links in a circle", async () => {
    await make("[1].png");
    await symlink(root, join(root, "circle"));
    expect(names(await findImages([join(root, "[1].png")]))).toEqual(["[1].png"]);
    expect(names(await findImages([root]))).toEqual(["[1].png"]);
  });

  it("lists links that lead nowhere, so that they are reported", async () => {
    await make("a/1.png", "b/0.png");
    await symlink(join(root, "gone.png"), join(root, "a/2.png"));
    await symlink(join(root, "gone.txt"), join(root, "a/3.txt"));
    await symlink(join(root, "b"), join(root, "a/4.png"));
    await symlink(join(root, "b/9.png"), join(root, "b/9.png"));
    const all = ["a/1.png", "a/2.png", "a/4.png/0.png", "a/4.png/9.png"];
    expect(names(await findImages([join(root, "a")]))).toEqual(all);
    expect(names(await findImages([join(root, "a/*.png")]))).toEqual(["a/1.png", "a/2.png"]);
    expect(names(await findImages([join(root, "a/2.png")]))).toEqual(["a/2.png"]);
  });

  it("names every pattern that matches nothing", async () => {
    await make("a/1.png", "empty/notes.txt");
    const patterns = ["a/1.png", "a/*.jpg", "empty", "none.png"].map((pattern) => join(root, pattern));
    await expect(findImages(patterns)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_IMAGE",
      message: expect.stringMatching(/a\/\*\.jpg", ".*empty", ".*none\.png"/),
    });
  });
});

it("orders names as people count", () => {
  const ordered = ["a1.png", "a02.png", "a2.png", "a10.png", "a10b.png", "b.png", "b1.png"];
  expect([...ordered].reverse().sort(naturalOrder)).toEqual(ordered);
});
