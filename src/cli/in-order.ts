/** What became of one item. */
export interface Settled<Item, Value> {
  item: Item;
  outcome: PromiseSettledResult<Value>;
}

/**
 * Works on several items at once and gives what became of them in their order. Nothing new is begun while `limit`
 * are under way or wait to be taken, nor after the signal; what is under way then is finished and given.
 */
export async function* inOrder<Item, Value>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Value>,
  signal: AbortSignal,
): AsyncGenerator<Settled<Item, Value>> {
  const queue: Promise<Settled<Item, Value>>[] = [];
  for (const item of items) {
    if (signal.aborted) break;
    queue.push(settle(item, work(item)));
    if (queue.length >= limit) yield await queue.shift()!;
  }
  while (queue.length > 0) yield await queue.shift()!;
}

async function settle<Item, Value>(item: Item, value: Promise<Value>): Promise<Settled<Item, Value>> {
  const [outcome] = await Promise.allSettled([value]);
  return { item, outcome };
}
