import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readDataset } from "#uflow/image/datasets/index.js";
import { refusedDataset, scratchTree } from "./tree.js";

const tree = scratchTree();

it("reads the MVTec-AD layout with its masks, in natural order", async () => {
  await tree.empty("train/good/10.png", "train/good/9.PNG", "train/good/.DS_Store", "train/good/notes.txt");
  await tree.empty("test/good/0.png", "test/hole/1.png", "test/hole/2.png", "test/hole/3.png");
  await tree.empty(
    "ground_truth/hole/1_mask.png",
    "ground_truth/hole/2.png",
    "ground_truth/hole/._1_mask.png",
    "license.txt",
  );
  const { train, test } = await readDataset(tree.root);
  expect(tree.names(train)).toEqual(["train/good/9.PNG", "train/good/10.png"]);
  expect(test).toEqual([
    { path: join(tree.root, "test/good/0.png"), defect: "good" },
    {
      path: join(tree.root, "test/hole/1.png"),
      defect: "hole",
      mask: join(tree.root, "ground_truth/hole/1_mask.png"),
    },
    {
      path: join(tree.root, "test/hole/2.png"),
      defect: "hole",
      mask: join(tree.root, "ground_truth/hole/2.png"),
    },
    { path: join(tree.root, "test/hole/3.png"), defect: "hole" },
  ]);
});

it("takes a folder with only images for good parts", async () => {
  await tree.empty("b.jpeg", "a.tif", "._a.tif", "Thumbs.db");
  const { train, test } = await readDataset(tree.root);
  expect(tree.names(train)).toEqual(["a.tif", "b.jpeg"]);
  expect(test).toEqual([]);
});

it("reads a folder of which only the test part is there", async () => {
  await tree.empty("test/good/0.png");
  expect(await readDataset(tree.root)).toMatchObject({ train: [], test: [{ defect: "good" }] });
});

it("follows links, and lists one that leads nowhere so that it is reported", async () => {
  await tree.empty("photos/1.png", "train/other.txt");
  await symlink(join(tree.root, "photos"), join(tree.root, "train/good"));
  await symlink(join(tree.root, "gone.png"), join(tree.root, "photos/2.png"));
  expect(tree.names((await readDataset(tree.root)).train)).toEqual(["train/good/1.png", "train/good/2.png"]);
});

it("says what is wrong, what was expected and what was found", async () => {
  await expect(readDataset(join(tree.root, "none"))).rejects.toMatchObject(
    refusedDataset(/none does not exist/),
  );
  await expect(readDataset(tree.root)).rejects.toMatchObject(refusedDataset(/no images, but is empty/));
  await tree.empty("bottle/train/good/0.png", "cable/train/good/0.png", "readme.txt");
  const found = /no images, but found the folders bottle, cable, 1 other files.*train\/good/;
  await expect(readDataset(tree.root)).rejects.toMatchObject(refusedDataset(found));
  await expect(readDataset(join(tree.root, "readme.txt"))).rejects.toMatchObject(
    refusedDataset(/not a folder/),
  );
});

it("does not pass over images that stand in the wrong place", async () => {
  await tree.empty("train/0.png");
  await expect(readDataset(tree.root)).rejects.toMatchObject(
    refusedDataset(/train\/ has no folder "good", but found 1 images/),
  );
  await tree.empty("train/good/0.png", "test/0.png");
  await expect(readDataset(tree.root)).rejects.toMatchObject(
    refusedDataset(/test\/ has images outside of test\/good/),
  );
  await rm(tree.at("test/0.png"));
  await tree.empty("test/Good/0.png");
  await expect(readDataset(tree.root)).rejects.toMatchObject(
    refusedDataset(/test\/Good: "Good" would be a kind of defect; good images are called "good"/),
  );
});
