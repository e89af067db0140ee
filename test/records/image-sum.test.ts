import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { contentOf, imageOf, imageSum } from "#uflow/records/image-sum.js";
import type { RecordedImage } from "#uflow/records/record.js";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const pixels = { data: Uint8Array.of(1, 2, 3, 10), width: 2, height: 2, channels: 1 as const };

it.each([10, 2 ** 20])("is the SHA-256 of a file's bytes, %i of them", async (length) => {
  const bytes = Buffer.alloc(length, "image");
  expect(await imageSum(bytes)).toBe(sha256(bytes));
});

it.each([4, 2 ** 20])("is that of pixels and of what they are, %i bytes", async (length) => {
  const image = { data: new Uint8Array(length).fill(7), width: length / 4, height: 4, channels: 1 as const };
  expect(await imageSum(image)).toBe(sha256(Buffer.concat(contentOf(image))));
  expect(await imageSum({ ...image, width: 4, height: length / 4 })).not.toBe(
    length === 4 ? undefined : await imageSum(image),
  );
  const { data, width, height, channels } = image;
  expect(await imageSum({ channels, height, data, width })).toBe(await imageSum(image));
});

it.each<[string, RecordedImage]>([
  ["a file", Buffer.from("GIF89a")],
  ["pixels, of which one is a line's end", pixels],
])("gives the image back: %s", (_, image) => {
  const content = Buffer.concat(contentOf(image));
  const again = imageOf(content);
  if (image instanceof Uint8Array) expect(Buffer.from(again as Uint8Array)).toEqual(image);
  else expect(again).toEqual(image);
});
