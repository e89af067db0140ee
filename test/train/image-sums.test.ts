import { describe, expect, it } from "vitest";
import { differenceOf, type ImageSum, withoutCopies } from "#uflow/train/image-sums.js";

const sums = (...images: string[]): ImageSum[] =>
  images.map((image) => {
    const [name, sha256] = image.split("=") as [string, string];
    return { name, sha256 };
  });

describe("how images differ", () => {
  const before = sums("a=1", "b=2", "c=3");

  it.each([
    [sums("a=1", "b=2", "c=3"), undefined],
    [sums("a=1", "b=2", "c=3", "d=4"), 'added: "d"'],
    [sums("a=1", "c=3"), 'removed: "b"'],
    [sums("a=1", "b=9", "c=3"), 'changed: "b"'],
    [sums("b=2", "a=1", "c=3"), "the same in another order"],
  ])("is told: %j", (now, difference) => {
    expect(differenceOf(before, now)).toBe(difference);
  });

  it("is seen of images of one name, in several folders", () => {
    const several = sums("0=1", "0=2", "1=3");
    expect(differenceOf(several, several)).toBeUndefined();
    // The last of that name is the same as before.
    expect(differenceOf(several, sums("0=9", "0=2", "1=3"))).toBe('changed: "0"');
    expect(differenceOf(several, sums("0=2", "0=1", "1=3"))).toBe('changed: "0"');
    expect(differenceOf(several, sums("0=2", "1=3"))).toBe('changed: "0"');
  });
});

it("takes each image once, the first of it, and those that cannot be read as they are", () => {
  const paths = ["p/a", "p/b", "p/c", "p/d", "p/e"];
  const read = [...sums("a=1", "b=2", "c=1"), { name: "d" }, { name: "e" }];
  const { images, sums: left, copies } = withoutCopies(paths, read);
  expect(images).toEqual(["p/a", "p/b", "p/d", "p/e"]);
  expect(left.map(({ name }) => name)).toEqual(["a", "b", "d", "e"]);
  expect(copies).toEqual([{ path: "p/c", of: "p/a" }]);
});
