import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { concurrently } from "#uflow/concurrently.js";

it("keeps the order of the items and the limit", async () => {
  let running = 0;
  let most = 0;
  const results = await concurrently([3, 1, 2, 0], 2, async (item, index) => {
    most = Math.max(most, ++running);
    await setTimeout(item);
    running -= 1;
    return `${item} at ${index}`;
  });
  expect(results).toEqual(["3 at 0", "1 at 1", "2 at 2", "0 at 3"]);
  expect(most).toBe(2);
  expect(await concurrently([], 4, async () => 1)).toEqual([]);
});

it("begins nothing new after the first failure, which it throws", async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    await setTimeout(1);
    if (item === 0) throw new Error("zero");
    await setTimeout(5);
  };
  await expect(concurrently([0, 1, 2, 3, 4], 2, work)).rejects.toThrow("zero");
  await setTimeout(20);
  expect(begun).toEqual([0, 1]);
});
