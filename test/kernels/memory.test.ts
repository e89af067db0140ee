import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import * as kernels from "#uflow/kernels/index.js";
import { everyKernel } from "../fixtures/every-kernel.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const side = 80;

/** Bytes that the process holds after so many rounds, without garbage. */
async function rounds(count: number, work: () => unknown): Promise<number> {
  for (let i = 0; i < count; i++) {
    work();
    await turn(); // native objects are freed between two turns of the event loop
  }
  collect();
  return process.memoryUsage().rss;
}

describe("memory", () => {
  it("stays where it is however often the kernels run and refuse", async () => {
    const segmenter = new kernels.Segmenter();
    const { energies } = everyKernel(side);
    const nan = { ...energies[0]!, data: new Float32Array(side * side).fill(Number.NaN) };
    const work = () => {
      everyKernel(side);
      segmenter.segment(energies, { width: 2 * side, height: 2 * side });
      expect(() => segmenter.segment([nan], { width: side, height: side })).toThrow(/NaN/);
      expect(() => kernels.nfaTreeMap([nan], { width: side, height: side })).toThrow(/NaN/);
    };
    const settled = await rounds(40, work);
    // Each round makes about a megabyte; losing one map per round would show.
    expect((await rounds(300, work)) - settled).toBeLessThan(20 * 1024 * 1024);
  });
});
