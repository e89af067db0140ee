import { expect, it } from "vitest";
import type { Sink } from "#uflow/records/record.js";
import { Sinks } from "#uflow/records/sinks.js";
import { records } from "./frames.js";

function sink(write: Sink["write"], more: Partial<Sink> = {}): Sink {
  const stats = { queued: 1, written: 2, dropped: 3, droppedImages: 0, failures: 0, problem: null };
  return { name: "own", stats, write, flush: async () => true, close: async () => {}, ...more };
}

it("gives each sink each record, whatever the others do", async () => {
  const got: number[] = [];
  const good = sink(async ({ sequence }) => got.push(sequence) > 0);
  const throwing = sink(() => {
    throw new Error("defect");
  });
  const rejecting = sink(() => Promise.reject(new Error("defect")));
  const sinks = new Sinks([throwing, rejecting, good]);
  const [first, second] = records(2);
  expect(await sinks.write(first!)).toBe(false);
  expect(await new Sinks([good]).write(second!)).toBe(true);
  expect(got).toEqual([1, 2]);
});

it("flushes and closes all, also beside one that fails to", async () => {
  let closed = 0;
  const close = async () => {
    closed++;
  };
  const failing = sink(async () => true, {
    flush: async () => false,
    close: () => Promise.reject(new Error("defect")),
  });
  const sinks = new Sinks([failing, sink(async () => true, { close })]);
  expect(await sinks.flush()).toBe(false);
  await sinks.close();
  expect(closed).toBe(1);
});

it("sums up how all fare", () => {
  const stats = { queued: 0, written: 5, dropped: 0, droppedImages: 1, failures: 2, problem: "broken" };
  const sinks = new Sinks([sink(async () => true), sink(async () => true, { stats })]);
  expect(sinks.stats).toEqual({
    queued: 1,
    written: 7,
    dropped: 3,
    droppedImages: 1,
    failures: 2,
    problem: "broken",
  });
});
