import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import * as kernels from "#uflow/kernels/index.js";
import { everyKernel } from "../fixtures/every-kernel.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const side = 80;

/** Bytes that the process holds after so many rounds, without garbage. */
function rounds(count: number, work: () => unknown): number {
  for (let i = 0; i < count; i++) work();
  collect();
  return process.memoryUsage().rss;
}

describe("memory", () => {
  it("stays where it is however often the kernels run and refuse", () => {
    const segmenter = new kernels.Segmenter();
    const { energies } = everyKernel(side);
    const nan = { ...energies[0]!, data: new Float32Array(side * side).fill(Number.NaN) };
    const work = () => {
      everyKernel(side);
      segmenter.segment(energies, { width: 2 * side, height: 2 * side });
      expect(() => segmenter.segment([nan], { width: side, height: side })).toThrow(/NaN/);
      expect(() => kernels.nfaTreeMap([nan], { width: side, height: side })).toThrow(/NaN/);
    };
    const settled = rounds(40, work);
    // Each round makes about a megabyte; losing one map per round would show.
    expect(rounds(300, work) - settled).toBeLessThan(20 * 1024 * 1024);
  });
});
