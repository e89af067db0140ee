import { setImmediate as turn } from "node:timers/promises";
import { concurrently } from "../concurrently.js";
import { sketch, sketchDistance } from "../image/sketch.js";
import { Random } from "../random.js";
import { throwIfStopped } from "./stop.js";

/** Images that are nearly the same as another are closer than this part of the distance between two of them by chance. */
const closeness = 0.1;
/** More that are alike are no copies but how the product looks: of one kind of several, say. */
const mostAlike = 8;
/** Pairs by which the distance by chance is measured. */
const sampled = 1000;

/**
 * Groups of images that are nearly the same: one picture in another format or size, or taken again before anything had moved. Held
 * out, one of them would tell of what was learned from its twin, and so promise too much. Images that cannot be read are in none; they are
 * named when they are decoded.
 * @returns their numbers, ascending, groups by their first one
 * @throws UflowError ERR_UFLOW_ABORTED
 */
export async function findTwins(paths: readonly string[], signal: AbortSignal): Promise<number[][]> {
  const sketches = await concurrently(paths, 4, async (path) => {
    throwIfStopped(signal);
    return sketch(path).catch(() => undefined);
  });
  const known = sketches.flatMap((own, image) => (own ? [{ image, own, mean: meanOf(own) }] : []));
  const limit = closeness * usualDistance(known.map(({ own }) => own));
  // The distance of two is at least that of their means.
  known.sort((a, b) => a.mean - b.mean || a.image - b.image);
  const groups = new Groups(paths.length);
  for (const [i, { image, own, mean }] of known.entries()) {
    // So that a stop is heard of.
    await turn();
    throwIfStopped(signal);
    for (let j = i + 1; j < known.length && known[j]!.mean - mean < limit; j++) {
      if (sketchDistance(own, known[j]!.own, limit) < limit) groups.join(image, known[j]!.image);
    }
  }
  return groups.list().filter(({ length }) => length > 1 && length <= mostAlike);
}

/** For whoever trains. */
export function noticeOfTwins(twins: readonly (readonly number[])[], images: readonly string[]): string {
  const count = twins.reduce((sum, { length }) => sum + length, 0);
  const [one, other] = twins[0]!.map((image) => `"${images[image]}"`);
  return `${count} good images are nearly the same as another, as ${one} and ${other}: they are held out together or not at all. New pictures teach more`;
}

const meanOf = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The median of pairs that are drawn at random, the same ones for the same number of sketches; 0 of fewer than two. */
function usualDistance(sketches: readonly Uint8Array[]): number {
  if (sketches.length < 2) return 0;
  const random = Random.stream(sketches.length, "pairs");
  const distances = Float64Array.from({ length: sampled }, () => {
    const a = random.below(sketches.length);
    const b = random.below(sketches.length - 1);
    return sketchDistance(sketches[a]!, sketches[b < a ? b : b + 1]!);
  }).sort();
  return distances[sampled / 2]!;
}

/** Numbers that belong together, by pairs that do. */
class Groups {
  private readonly first: number[];

  constructor(count: number) {
    this.first = Array.from({ length: count }, (_, i) => i);
  }

  join(a: number, b: number): void {
    const [low, high] = [this.firstOf(a), this.firstOf(b)].sort((x, y) => x - y);
    this.first[high!] = low!;
  }

  list(): number[][] {
    const members = new Map<number, number[]>();
    for (const i of this.first.keys()) {
      const first = this.firstOf(i);
      const group = members.get(first) ?? [];
      group.push(i);
      members.set(first, group);
    }
    return [...members.values()];
  }

  private firstOf(i: number): number {
    while (this.first[i] !== i) {
      // Halves the way for the next who asks.
      this.first[i] = this.first[this.first[i]!]!;
      i = this.first[i]!;
    }
    return i;
  }
}
