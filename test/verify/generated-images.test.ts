import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { generatedImages } from "#uflow/verify/generated-images.js";

const sumOf = (count: number, seed: number) => {
  const sum = createHash("sha256");
  for (const { make } of generatedImages(count, seed)) sum.update(make().data);
  return sum.digest("hex");
};

it("are the same pixels on every machine", () => {
  expect(sumOf(8, 0)).toBe("fdf4fb145d69d7e120eaa60970d9adeb9e32bafeb809837af5b34fe66f6774c5");
});

it("are others with another seed, and no two are equal", () => {
  expect(sumOf(1, 1)).not.toBe(sumOf(1, 0));
  const [first, ninth] = [0, 8].map((i) => generatedImages(9, 0)[i]!.make().data);
  expect(first).not.toEqual(ninth);
});
