import { describe, expect, it } from "vitest";
import { FairQueue } from "#uflow/inspect/fair-queue.js";

interface Item {
  station: string;
  priority: number;
  name: string;
}

const item = (station: string, name: string, priority = 1): Item => ({ station, priority, name });
const any = () => true;

/** What comes out, one by one, in their order. */
function served(queue: FairQueue<Item>, count = Number.POSITIVE_INFINITY): string[] {
  const names: string[] = [];
  while (names.length < count && queue.size > 0) names.push(queue.take(1, any)[0]!.name);
  return names;
}

describe("a fair queue", () => {
  it("keeps the order of one station", () => {
    const queue = new FairQueue<Item>();
    for (const name of ["1", "2", "3"]) queue.add(item("a", name));
    expect(queue.size).toBe(3);
    expect(queue.peek()!.name).toBe("1");
    expect(served(queue)).toEqual(["1", "2", "3"]);
    expect(queue.peek()).toBeUndefined();
    expect(queue.take(2, any)).toEqual([]);
  });

  it("serves stations in turn, however much one of them has", () => {
    const queue = new FairQueue<Item>();
    for (let i = 0; i < 100; i++) queue.add(item("many", `m${i}`));
    queue.add(item("few", "f0"));
    queue.add(item("few", "f1"));
    expect(served(queue, 4).toSorted()).toEqual(["f0", "f1", "m0", "m1"]);
  });

  it("gives a station turns in proportion to its priority", () => {
    const queue = new FairQueue<Item>();
    for (let i = 0; i < 100; i++) {
      queue.add(item("a", "a", 4));
      queue.add(item("b", "b", 1));
    }
    const names = served(queue, 50);
    expect(names.filter((name) => name === "a")).toHaveLength(40);
    // Nobody waits longer than the others' shares.
    expect(names.join("")).not.toMatch(/a{5}|bb/);
  });

  it("owes an idle station nothing", () => {
    const queue = new FairQueue<Item>();
    for (let i = 0; i < 50; i++) queue.add(item("busy", "b"));
    served(queue, 40);
    for (let i = 0; i < 10; i++) queue.add(item("late", "l"));
    expect(served(queue, 10).filter((name) => name === "l")).toHaveLength(5);
  });

  it("gives one that asks again and again no more than one that queues", () => {
    const queue = new FairQueue<Item>();
    for (let i = 0; i < 100; i++) queue.add(item("queues", "q"));
    const names: string[] = [];
    for (let i = 0; i < 100; i++) {
      queue.add(item("asks", "a"));
      names.push(...served(queue, 1));
      if (names.at(-1) === "q") queue.remove([...queue].find(({ name }) => name === "a")!);
    }
    expect(names.filter((name) => name === "a").length).toBeLessThanOrEqual(51);
    expect(names.filter((name) => name === "q").length).toBeGreaterThanOrEqual(49);
  });

  it("takes together what belongs together, in fair order, and leaves the rest in its place", () => {
    const queue = new FairQueue<Item>();
    for (const name of ["x1", "y1", "x2"]) queue.add(item("a", name));
    for (const name of ["x3", "x4"]) queue.add(item("b", name));
    const sameKind = (each: Item, first: Item) => each.name[0] === first.name[0];
    expect(queue.take(9, sameKind).map(({ name }) => name)).toEqual(["x1", "x3", "x4"]);
    expect(served(queue)).toEqual(["y1", "x2"]);
  });

  it("puts back in front, and takes out from anywhere", () => {
    const queue = new FairQueue<Item>();
    const items = ["1", "2", "3"].map((name) => item("a", name));
    for (const each of items) queue.add(each);
    const [first] = queue.take(1, any);
    queue.putBack(first!);
    expect(queue.remove(items[1]!)).toBe(true);
    expect(queue.remove(items[1]!)).toBe(false);
    expect(queue.remove(item("nowhere", "4"))).toBe(false);
    expect(queue.size).toBe(2);
    expect(served(queue)).toEqual(["1", "3"]);
  });

  it("forgets stations that come and go", () => {
    const queue = new FairQueue<Item>();
    for (let i = 0; i < 1000; i++) {
      queue.add(item(`station ${i}`, "x"));
      served(queue);
    }
    const { lineups } = queue as unknown as { lineups: Map<string, unknown> };
    expect(lineups.size).toBeLessThan(10);
  });
});
