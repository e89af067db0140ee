import { expect, it } from "vitest";
import { quoted } from "#uflow/input/quoted.js";

it("quotes foreign names so that no terminal obeys them, and shortens them", () => {
  expect(quoted("conv.weight")).toBe('"conv.weight"');
  expect(quoted('a"\n\x1b[31m\x9b1m\x7f')).toBe('"a\\"\\n\\u001b[31m\ufffd1m\ufffd"');
  expect(quoted("x".repeat(1e6)).length).toBeLessThan(110);
});
