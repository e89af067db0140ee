import type { Axis } from "./chart.js";

/**
 * log NFA of a faint and of a glaring defect differ by a factor of a thousand and have both signs. On this scale
 * numbers are evenly spread around 0 and in decades beyond: asinh(v/10).
 */
export const spread = (value: number) => Math.asinh(value / unit);

const unit = 10;

/** The range that reaches from `low` to `high` and over all values, which may be more than a function takes arguments. */
export function extent(values: readonly number[], low: number, high: number): [low: number, high: number] {
  let [least, most] = [low, high];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return [least, most];
}

/** The range of the numbers and the ticks in it, on the spread scale. */
export function wideAxis(name: string, values: readonly number[]): Axis & { min: number; max: number } {
  const [least, most] = extent(values, -unit, unit);
  const [low, high] = [spread(least) - 0.2, spread(most) + 0.2];
  const ticks = decades.filter((value) => spread(value) >= low && spread(value) <= high).map(spread);
  const label = (value: number) => String(Math.round(Math.sinh(value) * unit)).replace("-", "−");
  return { name, min: low, max: high, ticks, label };
}

const powers = [10, 100, 1000, 10_000, 100_000];
const decades = [...powers.map((power) => -power).reverse(), 0, ...powers];
