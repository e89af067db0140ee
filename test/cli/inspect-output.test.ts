import { join } from "node:path";
import { expect, it } from "vitest";
import { outputNames } from "#uflow/cli/inspect-output.js";

const out = (...parts: string[]) => join("out", ...parts);

it("names pictures after the images, in one folder when the images are in one folder", () => {
  expect(outputNames("out", ["photos/a.png", "photos/b.c.png", "-"])).toEqual([
    out("a"),
    out("b.c"),
    out("stdin"),
  ]);
});

it("keeps the folders below the common one", () => {
  const images = ["line/test/good/0.png", "line/test/hole/0.png", "line/test/hole/deep/0.png"];
  expect(outputNames("out", images)).toEqual([out("good", "0"), out("hole", "0"), out("hole", "deep", "0")]);
});

it("keeps the extension where nothing else tells two images apart", () => {
  expect(outputNames("out", ["a.png", "a.jpg", "b.png"])).toEqual([out("a.png"), out("a.jpg"), out("b")]);
});

it("gives no two images the same pictures, whatever they are called", () => {
  const images = ["a.png", "a.jpg", "a.png.tif", "B.png", "b.jpg"];
  expect(outputNames("out", images)).toEqual(images.map((name) => out(name)));
});
