import { expect, it } from "vitest";
import { joined } from "#uflow/serve/joined.js";

async function* pieces(lengths: readonly number[]) {
  let next = 0;
  for (const length of lengths) yield Buffer.from(Array.from({ length }, () => next++ % 251));
}

const refuse = () => new Error("too long");

it.each([[[]], [[0]], [[1, 2, 3]], [[65_535, 1, 1]], [[65_536, 65_536]], [[200_000, 0, 7, 70_000]]])(
  "puts pieces of %j bytes together",
  async (lengths) => {
    const length = lengths.reduce((sum, each) => sum + each, 0);
    const whole = await joined(pieces(lengths), length, refuse);
    expect(whole.equals(Buffer.from(Array.from({ length }, (_, i) => i % 251)))).toBe(true);
    if (length > 0) await expect(joined(pieces(lengths), length - 1, refuse)).rejects.toThrow("too long");
  },
);
