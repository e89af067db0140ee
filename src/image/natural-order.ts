/**
 * Compares names as people count: "part2" before "part10". Independent of the machine's language, so that the order
 * of images, and with it what is learned from a seed, is the same everywhere. Nothing is allocated: 10⁵ names are sorted
 * in a fraction of a second.
 */
export function naturalOrder(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (isDigit(a, i) && isDigit(b, j)) {
      const [endOfA, endOfB] = [endOfDigits(a, i), endOfDigits(b, j)];
      const order = compareDigits(a, pastZeros(a, i), endOfA, b, pastZeros(b, j), endOfB);
      if (order !== 0) return order;
      i = endOfA;
      j = endOfB;
    } else {
      const order = a.charCodeAt(i++) - b.charCodeAt(j++);
      if (order !== 0) return order;
    }
  }
  // "1" and "01" count the same; any fixed order will do.
  return a.length - i - (b.length - j) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Two numbers without leading zeros: the one with fewer digits is less. */
function compareDigits(a: string, i: number, endOfA: number, b: string, j: number, endOfB: number): number {
  if (endOfA - i !== endOfB - j) return endOfA - i - (endOfB - j);
  while (i < endOfA) {
    const order = a.charCodeAt(i++) - b.charCodeAt(j++);
    if (order !== 0) return order;
  }
  return 0;
}

function isDigit(name: string, at: number): boolean {
  const code = name.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function endOfDigits(name: string, at: number): number {
  while (isDigit(name, at)) at++;
  return at;
}

function pastZeros(name: string, at: number): number {
  while (name.charCodeAt(at) === 48) at++;
  return at;
}
