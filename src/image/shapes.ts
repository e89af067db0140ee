import type { Size } from "./area.js";

/** From here on, shapes count as different: a part then looks a quarter wider or narrower than in another image. */
const mostStretch = 1.25;

/**
 * What is wrong where images of different shapes are resized to one square, in which a part of one looks like another part.
 * @returns undefined where they are of one shape.
 */
export function differentShapes(sizes: readonly Size[]): string | undefined {
  const ratio = ({ width, height }: Size) => width / height;
  const byRatio = [...sizes].sort((a, b) => ratio(a) - ratio(b));
  const [tallest, widest] = [byRatio[0], byRatio.at(-1)];
  if (!tallest || !widest || ratio(widest) / ratio(tallest) < mostStretch) return undefined;
  const [from, to] = [tallest, widest].map(({ width, height }) => `${width} × ${height}`);
  return `images have different shapes, from ${from} to ${to}, and all are resized to one square: crop them alike, or turn what stands upright`;
}
