import { expect, it } from "vitest";
import { segment } from "#uflow/records/segment.js";

it.each([
  ["press-1", "press-1"],
  ["Prüfplatz_2", "Prüfplatz_2"],
  ["", "_"],
  ["_", "%5F"],
  [".", "%2E"],
  ["..", "%2E%2E"],
  ["../../etc", "%2E.%2F..%2Fetc"],
  ["a/b\\c", "a%2Fb%5Cc"],
  ["+/#", "%2B%2F%23"],
  ["C:", "C%3A"],
  ["con", "%63on"],
  ["LPT1.txt", "%4CPT1.txt"],
  ["nul\0", "nul%00"],
  ["100%", "100%25"],
  ["end.", "end%2E"],
])("%j becomes %s", (text, wanted) => {
  expect(segment(text)).toBe(wanted);
});

it("is never longer than a name may be, and stays different", () => {
  const [a, b] = [segment("é".repeat(1000)), segment("é".repeat(1001))];
  expect(a).toMatch(/^[0-9a-f]{64}$/);
  expect(a).not.toBe(b);
});
