import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { shellWord } from "#uflow/shell-word.js";

it("leaves plain words as they are", () => {
  for (const word of ["line/plate", "part.uflow", "--epsilon", "1e-3"]) expect(shellWord(word)).toBe(word);
});

it.skipIf(process.platform === "win32")("gives words that a shell reads as one, and obeys nothing in", () => {
  for (const word of ["my parts", "Müller's $(id)", "a;b", "*", "", "new\nline"]) {
    expect(execFileSync("sh", ["-c", `printf %s ${shellWord(word)}`], { encoding: "utf8" })).toBe(word);
  }
});
