import { markAsUntransferable } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import type { Inspection } from "#uflow/inspect/index.js";
import { MapMemory } from "#uflow/inspect/map-memory.js";

const side = 2;

function outcome(maps: Partial<Record<"anomalyMap" | "logNfaMap" | "mask", unknown>> = {}): Inspection {
  const arrays = {
    anomalyMap: Float32Array.of(0, 1, 2, 3),
    logNfaMap: Float32Array.of(4, 5, 6, 7),
    mask: Uint8Array.of(0, 1, 0, 1),
    ...maps,
  };
  const entries = Object.entries(arrays).map(([name, data]) => [name, { data, width: side, height: side }]);
  return { verdict: "good", ...Object.fromEntries(entries) } as Inspection;
}

describe("memory of maps", () => {
  it("is taken away from who gives it back, and is there once", () => {
    const memory = new MapMemory(2);
    const given = outcome();
    const views = [given.anomalyMap.data, given.logNfaMap.data, given.mask.data];
    memory.giveBack(given);
    expect(views.map(({ length }) => length)).toEqual([0, 0, 0]);
    memory.giveBack(given);
    const [maps, ...others] = memory.take(5);
    expect(others).toEqual([]);
    expect(maps).toEqual({
      anomalyMap: Float32Array.of(0, 1, 2, 3),
      logNfaMap: Float32Array.of(4, 5, 6, 7),
      mask: Uint8Array.of(0, 1, 0, 1),
    });
    expect(memory.take(1)).toEqual([]);
  });

  it("is kept of so many images, and taken of as many as are wanted", () => {
    const memory = new MapMemory(3);
    for (let i = 0; i < 5; i++) memory.giveBack(outcome());
    expect(memory.take(2)).toHaveLength(2);
    expect(memory.take(0)).toEqual([]);
    expect(memory.take(2)).toHaveLength(1);
  });

  it("is let go when it is closed, and of what comes later nothing is kept", () => {
    const memory = new MapMemory(2);
    memory.giveBack(outcome());
    memory.close();
    const late = outcome();
    memory.giveBack(late);
    expect(late.mask.data).toHaveLength(0);
    expect(memory.take(2)).toEqual([]);
  });

  it.each<[string, Parameters<typeof outcome>[0]]>([
    ["one is missing", { mask: undefined }],
    ["one is of another kind", { mask: Float32Array.of(0, 1, 0, 1) }],
    ["one is no array", { anomalyMap: [0, 1, 2, 3] }],
    ["one has another size", { logNfaMap: new Float32Array(5) }],
    ["one is a part of a larger buffer", { anomalyMap: new Float32Array(5).subarray(1) }],
    ["one is shared", { mask: new Uint8Array(new SharedArrayBuffer(4)) }],
    ["two are in the same memory", sharedMemory()],
  ])("stays where it is when %s", (_, maps) => {
    const memory = new MapMemory(2);
    const given = outcome(maps);
    const lengths = () =>
      [given.anomalyMap, given.logNfaMap, given.mask].map((map) => map?.data?.length ?? null);
    const before = lengths();
    memory.giveBack(given);
    expect(lengths()).toEqual(before);
    expect(memory.take(2)).toEqual([]);
  });

  it("may be what cannot be taken away, of which a copy is kept, or nothing", () => {
    const memory = new MapMemory(2);
    const given = outcome();
    markAsUntransferable(given.mask.data.buffer);
    memory.giveBack(given);
    expect(given.mask.data).toEqual(Uint8Array.of(0, 1, 0, 1));
    for (const { mask } of memory.take(2)) {
      expect(mask).toEqual(given.mask.data);
      expect(mask.buffer).not.toBe(given.mask.data.buffer);
    }
  });

  it("is none of what is undecided", () => {
    const memory = new MapMemory(2);
    const error = { code: "ERR_UFLOW_DEADLINE" as const, message: "" };
    memory.giveBack({ verdict: "undecided", reason: "deadline", error });
    expect(memory.take(2)).toEqual([]);
  });
});

function sharedMemory() {
  const data = new Float32Array(4);
  return { anomalyMap: data, logNfaMap: data };
}
