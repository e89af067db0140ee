import { expect, it } from "vitest";
import { naturalOrder } from "#uflow/image/natural-order.js";

it("orders names as people count", () => {
  const ordered = ["a1.png", "a02.png", "a2.png", "a10.png", "a10b.png", "b.png", "b1.png"];
  expect([...ordered].reverse().sort(naturalOrder)).toEqual(ordered);
});

it("puts names that count the same in one order, and counts without limit", () => {
  expect(["01", "1", "001"].sort(naturalOrder)).toEqual(["001", "01", "1"]);
  expect(["99999999999999999999", "100000000000000000000"].sort(naturalOrder)[0]).toBe(
    "99999999999999999999",
  );
  expect(["a", "", "0", "00a", "0a"].sort(naturalOrder)).toEqual(["", "0", "00a", "0a", "a"]);
});
