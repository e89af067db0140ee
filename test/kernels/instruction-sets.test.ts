import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { loadAddon } from "#uflow/kernels/addon.js";
import { digest } from "../fixtures/every-kernel.mjs";

const fixture = new URL("../fixtures/every-kernel.mjs", import.meta.url).href;
const program = `import(${JSON.stringify(fixture)}).then(({ digest }) => console.log(JSON.stringify(digest())))`;

function digestWith(set: string): ReturnType<typeof digest> {
  const env = { ...process.env, UFLOW_INSTRUCTION_SET: set };
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  return JSON.parse(execFileSync(process.execPath, ["-e", program], { env, stdio, encoding: "utf8" }));
}

const sets = ["baseline", "avx2", "avx512"] as const;
const available = sets.slice(0, sets.indexOf(loadAddon().instructionSet) + 1);

describe("the vector instructions", () => {
  it.each(available)("%s gives the same bits as any other", (set) => {
    expect(digestWith(set)).toEqual({ set, sum: digest().sum });
  });

  it("are refused by name where the processor lacks them", () => {
    expect(() => digestWith("mmx")).toThrow(/UFLOW_INSTRUCTION_SET to be one of baseline.*"mmx"/);
  });
});
