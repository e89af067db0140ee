/**
 * Does the same with every item, at most `limit` at a time, and gives the results in the order of the items. Nothing new
 * is begun after the first failure, which is thrown.
 */
export async function concurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  // All lanes take from this one. A lane that throws closes it, and so ends the others too.
  const pending = (function* () {
    yield* items.entries();
  })();
  const lane = async () => {
    for (const [index, item] of pending) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return results;
}
