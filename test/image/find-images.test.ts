import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findImages } from "#uflow/image/find-images.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "uflow-find-"));
});
afterEach(() => rm(root, { recursive: true }));

/** Empty files: images are found without being opened. */
async function make(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), "");
  }
}

const names = (paths: string[]) => paths.map((path) => relative(root, path).replaceAll("\\", "/"));

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

  it("finds pictures that cannot be read, too, so that they are named and not left out", async () => {
    await make("IMG_1.HEIC", "camera.pgm", "old.jpe", "draft.txt", "raw.data");
    expect(names(await findImages([root]))).toEqual(["IMG_1.HEIC", "camera.pgm", "old.jpe"]);
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

  // Permissions do not bind root, who becomes somebody else here.
  it.skipIf(process.platform === "win32")(
    "names a folder that cannot be read, with all that can be",
    async () => {
      await make("a/1.png", "b/2.png");
      await chmod(root, 0o755);
      await chmod(join(root, "b"), 0);
      const isRoot = process.geteuid!() === 0;
      if (isRoot) process.seteuid!(65534);
      const found = await findImages([root, join(root, "*/*.png")]).finally(
        () => isRoot && process.seteuid!(0),
      );
      await chmod(join(root, "b"), 0o700);
      expect(names(found)).toEqual(["a/1.png", "b"]);
    },
  );
});
