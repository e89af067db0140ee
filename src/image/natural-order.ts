/**
 * Compares names as people count: "part2" before "part10". Independent of the machine's language, so that the order
 * of images, and with it what is learned from a seed, is the same everywhere.
 */
export function naturalOrder(a: string, b: string): number {
  const left = pieces(a);
  const right = pieces(b);
  const count = Math.min(left.length, right.length);
  for (let i = 0; i < count; i++) {
    const order = comparePieces(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  // "1" and "01" count the same; any fixed order will do.
  return left.length - right.length || compareText(a, b);
}

/** Numbers and single characters. */
const pieces = (name: string) => name.match(/\d+|\D/g) ?? [];

function comparePieces(a: string, b: string): number {
  if (!/^\d/.test(a) || !/^\d/.test(b)) return compareText(a, b);
  const left = a.replace(/^0+/, "");
  const right = b.replace(/^0+/, "");
  return left.length - right.length || compareText(left, right);
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
