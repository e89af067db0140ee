// Seconds per call: minimum and median.

const most = 2000;

/**
 * Calls for about `budget` seconds, at least `least` times. The first call of a short work is left out: it finds cold
 * caches and code that is not compiled yet.
 */
export async function speed({ run }, { budget, least }) {
  const [first] = await run(1);
  const long = first > budget / 2;
  const [typical] = long ? [first] : await run(1);
  const times = Math.round(Math.min(most, Math.max(least, budget / typical)));
  const samples = long ? [first, ...(times > 1 ? await run(times - 1) : [])] : await run(times);
  samples.sort((a, b) => a - b);
  return { min: samples[0], median: median(samples), samples: samples.length };
}

/** Of ascending numbers. */
export function median(sorted) {
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
