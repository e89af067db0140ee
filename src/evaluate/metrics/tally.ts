/** How often each score occurs: distinct keys of `orderedKeys()`, ascending, each with its count. */
export interface Tally {
  keys: Uint32Array;
  /** Pixels with that key; below 2³². */
  counts: Uint32Array;
  /** Sum of these pixels' weights; null where pixels have none. */
  weights: Float64Array | null;
}

/** @param sorted ascending @param weights of each, in the same order */
export function tallySorted(sorted: Uint32Array, weights: Float64Array | null): Tally {
  const each = { keys: sorted, counts: new Uint32Array(sorted.length).fill(1), weights };
  return joinEqual(each);
}

/** The tally of both's pixels together. O(keys). */
export function mergeTallies(a: Tally, b: Tally): Tally {
  const [left, right] = [a.keys, b.keys];
  const length = distinctKeys(left, right);
  const merged = emptyTally(length, a.weights !== null);
  let [i, j] = [0, 0];
  for (let n = 0; n < length; n++) {
    const fromLeft = j === right.length || (i < left.length && left[i]! <= right[j]!);
    const fromRight = i === left.length || (j < right.length && right[j]! <= left[i]!);
    merged.keys[n] = fromLeft ? left[i]! : right[j]!;
    if (fromLeft) addTo(merged, n, a, i++);
    if (fromRight) addTo(merged, n, b, j++);
  }
  return merged;
}

/** Rounds the keys down to multiples of 2^bits: scores that differ in the bits below become one bin. */
export function coarsen(tally: Tally, bits: number): Tally {
  if (bits === 0) return tally;
  const { keys, counts, weights } = tally;
  const mask = (2 ** 32 - 2 ** bits) >>> 0;
  return joinEqual({ keys: keys.map((key) => (key & mask) >>> 0), counts, weights });
}

/** Several tallies that are merged only when like sizes meet, so that adding n pixels takes O(n log n). */
export class TallyRuns {
  private runs: Tally[] = [];

  get all(): readonly Tally[] {
    return this.runs;
  }

  /** Number of keys, those in several runs counted several times. */
  get size(): number {
    return this.runs.reduce((sum, { keys }) => sum + keys.length, 0);
  }

  add(run: Tally): void {
    if (run.keys.length === 0) return;
    this.runs.push(run);
    const sizeOf = (fromEnd: number) => this.runs.at(fromEnd)!.keys.length;
    while (this.runs.length > 1 && sizeOf(-2) < 2 * sizeOf(-1)) this.mergeLast();
  }

  /** All in one run; undefined when no pixel was added. */
  collapse(): Tally | undefined {
    while (this.runs.length > 1) this.mergeLast();
    return this.runs[0];
  }

  /** Makes one run of all, of bins 2^bits wide. */
  coarsen(bits: number): void {
    const all = this.collapse();
    if (all) this.runs = [coarsen(all, bits)];
  }

  private mergeLast(): void {
    const [last, before] = [this.runs.pop()!, this.runs.pop()!];
    this.runs.push(mergeTallies(before, last));
  }
}

function emptyTally(length: number, weighted: boolean): Tally {
  const weights = weighted ? new Float64Array(length) : null;
  return { keys: new Uint32Array(length), counts: new Uint32Array(length), weights };
}

function addTo(to: Tally, n: number, from: Tally, i: number): void {
  to.counts[n]! += from.counts[i]!;
  if (to.weights) to.weights[n]! += from.weights![i]!;
}

/** Of two lists of distinct ascending keys. */
function distinctKeys(a: Uint32Array, b: Uint32Array): number {
  let common = 0;
  let j = 0;
  for (let i = 0; i < a.length; i++) {
    while (j < b.length && b[j]! < a[i]!) j++;
    if (j < b.length && b[j] === a[i]) common++;
  }
  return a.length + b.length - common;
}

/** Makes one entry of those with the same key. */
function joinEqual(tally: Tally): Tally {
  const { keys } = tally;
  let distinct = 0;
  for (let i = 0; i < keys.length; i++) if (i === 0 || keys[i] !== keys[i - 1]) distinct++;
  if (distinct === keys.length) return tally;
  const joined = emptyTally(distinct, tally.weights !== null);
  let n = -1;
  for (let i = 0; i < keys.length; i++) {
    if (i === 0 || keys[i] !== keys[i - 1]) joined.keys[++n] = keys[i]!;
    addTo(joined, n, tally, i);
  }
  return joined;
}
