import { afterEach, describe, expect, it, vi } from "vitest";
import { MemoryWatch } from "#uflow/speed/memory.js";

afterEach(() => {
  vi.restoreAllMocks();
});

function watched(frames: number, bytesAt: (frame: number) => number) {
  let frame = 0;
  vi.spyOn(process.memoryUsage, "rss").mockImplementation(() => bytesAt(frame));
  const watch = new MemoryWatch();
  for (frame = 1; frame <= frames; frame++) watch.tick();
  return watch.result();
}

describe("the memory over a run", () => {
  it("that grows has its slope, however long the run is", () => {
    for (const frames of [1000, 100_000]) {
      expect(watched(frames, (frame) => 1e8 + 700 * frame).bytesPerFrame).toBeCloseTo(700, 3);
    }
  });

  it("that grows at the beginning only is flat", () => {
    const { bytesPerFrame, startMB, endMB } = watched(20_000, (frame) => Math.min(2e8, 1e8 + 1e5 * frame));
    expect(bytesPerFrame).toBe(0);
    expect(endMB).toBe(200);
    expect(startMB).toBeLessThan(150);
  });

  it("of a short run says nothing of growth", () => {
    expect(watched(20, () => 1e8)).toMatchObject({ frames: 20, bytesPerFrame: null });
  });
});
