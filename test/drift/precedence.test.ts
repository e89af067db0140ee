import { describe, expect, it } from "vitest";
import { leastImprobable, logBeyond } from "#uflow/drift/precedence.js";

/** How often so many of `parts` lie beyond the `rank`-th outermost image, over all orders of the two together. */
function counted(parts: number, images: number, rank: number): number[] {
  const counts = new Array<number>(parts + 1).fill(0);
  const walk = (partsLeft: number, imagesSeen: number, beyond: number) => {
    if (imagesSeen === rank) {
      counts[beyond]! += orders(partsLeft, images - imagesSeen);
      return;
    }
    if (partsLeft > 0) walk(partsLeft - 1, imagesSeen, beyond + 1);
    walk(partsLeft, imagesSeen + 1, beyond);
  };
  walk(parts, 0, 0);
  return counts;
}

function orders(a: number, b: number): number {
  return a === 0 || b === 0 ? 1 : orders(a - 1, b) + orders(a, b - 1);
}

describe("the number of parts beyond an image", () => {
  it.each([
    [5, 4, 1],
    [5, 4, 2],
    [7, 5, 5],
    [1, 1, 1],
    [6, 9, 3],
  ])("has the distribution of counted orders: %i parts, %i images, rank %i", (parts, images, rank) => {
    const counts = counted(parts, images, rank);
    const total = orders(parts, images);
    expect(counts.reduce((sum, count) => sum + count)).toBe(total);
    const tails = logBeyond(parts, images, rank);
    for (let c = 0; c <= parts; c++) {
      const wanted = counts.slice(c).reduce((sum, count) => sum + count) / total;
      expect(10 ** tails[c]!).toBeCloseTo(wanted, 12);
    }
  });

  it("keeps its digits where doubles end, and with many of both", () => {
    const tails = logBeyond(10_000, 10_000, 100);
    expect(tails[0]).toBeCloseTo(0, 9);
    expect(tails.every(Number.isFinite)).toBe(true);
    expect(tails.every((tail, c) => c === 0 || tail <= tails[c - 1]!)).toBe(true);
    // All parts are beyond: (10 000 choose 9901)/(20 000 choose 9901).
    expect(tails[10_000]).toBeLessThan(-5000);
  });

  it("names the least number that is improbable enough, and none where none is", () => {
    const tails = logBeyond(3, 2, 1);
    expect(leastImprobable(tails, 1)).toBe(0);
    expect(leastImprobable(tails, Math.log10(0.11))).toBe(3);
    expect(leastImprobable(tails, -2)).toBeNull();
  });
});
