import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { inOrder } from "#uflow/cli/in-order.js";

const never = new AbortController().signal;

it("gives outcomes in order, however long each takes, and never works on more than the limit", async () => {
  let running = 0;
  let most = 0;
  const work = async (item: number) => {
    most = Math.max(most, ++running);
    await wait((item * 7) % 5);
    running -= 1;
    if (item === 4) throw new Error("bad");
    return item * 10;
  };
  const outcomes = [];
  for await (const { item, outcome } of inOrder([1, 2, 3, 4, 5, 6], 3, work, never)) {
    outcomes.push([item, outcome.status === "fulfilled" ? outcome.value : outcome.reason.message]);
  }
  expect(outcomes).toEqual([
    [1, 10],
    [2, 20],
    [3, 30],
    [4, "bad"],
    [5, 50],
    [6, 60],
  ]);
  expect(most).toBe(3);
});

it("begins nothing after the signal, and gives what was under way", async () => {
  const stop = new AbortController();
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    return item;
  };
  const given: number[] = [];
  for await (const { item } of inOrder([1, 2, 3, 4, 5, 6], 2, work, stop.signal)) {
    given.push(item);
    if (item === 2) stop.abort();
  }
  expect(given).toEqual([1, 2, 3]);
  expect(begun).toEqual([1, 2, 3]);
});
