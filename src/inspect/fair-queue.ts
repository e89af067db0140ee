/** What waits of one station, oldest first. */
interface Lineup<Item> {
  items: Item[];
  /** When it is served next, in units in which a station of priority 1 takes one step per item. */
  turn: number;
}

export interface Queued {
  /** Whose queue it is in. */
  readonly station: string;
  /** Turns of the station beside one of another, when it is this item's turn. */
  readonly priority: number;
}

/**
 * Queues of several stations that are served in turn, in proportion to their priorities (stride scheduling): a station that
 * was idle does not make up for it, and none waits for more than the others' shares. Each step looks at every station that
 * has something waiting.
 */
export class FairQueue<Item extends Queued> {
  private readonly lineups = new Map<string, Lineup<Item>>();
  private count = 0;
  /** The turn that was served last. */
  private now = 0;

  get size(): number {
    return this.count;
  }

  /** At the end of its station's queue. */
  add(item: Item): void {
    this.lineup(item.station).items.push(item);
    this.count += 1;
  }

  /** At the beginning of its station's queue, for what was taken already. */
  putBack(item: Item): void {
    this.lineup(item.station).items.unshift(item);
    this.count += 1;
  }

  /** The next item, which stays; undefined when nothing waits. */
  peek(): Item | undefined {
    return this.next(() => true)?.items[0];
  }

  /** Takes up to `most` items that belong together: the next one, and those that follow in fair order and belong to it. */
  take(most: number, belongs: (item: Item, first: Item) => boolean): Item[] {
    const taken: Item[] = [];
    while (taken.length < most) {
      const lineup = this.next((item) => taken.length === 0 || belongs(item, taken[0]!));
      if (!lineup) break;
      const item = lineup.items.shift()!;
      this.count -= 1;
      this.now = Math.max(this.now, lineup.turn);
      lineup.turn += 1 / item.priority;
      taken.push(item);
    }
    if (this.count === 0) this.forget();
    return taken;
  }

  /** Takes an item out, wherever it is. @returns whether it was waiting */
  remove(item: Item): boolean {
    const items = this.lineups.get(item.station)?.items ?? [];
    const place = items.indexOf(item);
    if (place < 0) return false;
    items.splice(place, 1);
    this.count -= 1;
    return true;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (const { items } of this.lineups.values()) yield* items;
  }

  /** Where nobody waits, nobody is ahead of anybody. */
  private forget(): void {
    this.lineups.clear();
    this.now = 0;
  }

  private lineup(station: string): Lineup<Item> {
    const known = this.lineups.get(station);
    if (known?.items.length) return known;
    // One that comes back keeps the turn that it has not waited for yet: who asks one by one gets no more than who queues.
    const lineup = { items: [], turn: Math.max(this.now, known?.turn ?? 0) };
    this.lineups.set(station, lineup);
    return lineup;
  }

  /** The station whose turn it is, of those whose oldest item fits. Forgets those that have nothing and owe nothing. */
  private next(fits: (item: Item) => boolean): Lineup<Item> | undefined {
    let best: Lineup<Item> | undefined;
    for (const [station, lineup] of this.lineups) {
      const { items, turn } = lineup;
      if (items.length === 0) {
        if (turn <= this.now) this.lineups.delete(station);
      } else if ((!best || turn < best.turn) && fits(items[0]!)) best = lineup;
    }
    return best;
  }
}
