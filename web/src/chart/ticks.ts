/**
 * Round numbers from 0 to at least `most`, in `wanted` steps or fewer: steps of 1, 2 or 5 times a power of ten.
 * @param least the least step that makes sense: 1 for what is counted
 */
export function ticks(most: number, wanted: number, least: number): number[] {
  const raw = Math.max(most / wanted, least);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10);
  const count = Math.max(1, Math.ceil((most / step) * (1 - 1e-9)));
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}
