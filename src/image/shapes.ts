import type { Size } from "./area.js";

/** From here on, shapes count as different: a part then looks a quarter wider or narrower than in another image. */
const mostStretch = 1.25;
/** From here on, so much is lost where an image is squeezed into a square that tiles are worth their time: docs/results.md, "Tiles". */
const mostSqueezed = 1.5;

/** What is lost where images of these sizes are resized to one square each, for whoever chose them. */
export function shapeWarnings(sizes: readonly Size[]): string[] {
  return [...differentShapes(sizes), ...elongated(sizes)];
}

/** A part of one image then looks like another part of another. */
function differentShapes(sizes: readonly Size[]): string[] {
  const ratio = ({ width, height }: Size) => width / height;
  const byRatio = [...sizes].sort((a, b) => ratio(a) - ratio(b));
  const [tallest, widest] = [byRatio[0], byRatio.at(-1)];
  if (!tallest || !widest || ratio(widest) / ratio(tallest) < mostStretch) return [];
  return [
    `images have different shapes, from ${text(tallest)} to ${text(widest)}, and all are resized to one square: crop them alike, or turn what stands upright`,
  ];
}

/** Fine defects across the longer side are then no longer there. Told of the image in the middle. */
function elongated(sizes: readonly Size[]): string[] {
  const byLength = [...sizes].sort((a, b) => elongation(a) - elongation(b));
  const usual = byLength[byLength.length >> 1];
  if (!usual || elongation(usual) < mostSqueezed) return [];
  const side = Math.min(usual.width, usual.height);
  return [
    `images of ${text(usual)} pixels are squeezed into a square, where fine defects get lost: see them in tiles of their shorter side, with tileSize ${side} (--tile-size ${side})`,
  ];
}

const text = ({ width, height }: Size) => `${width} × ${height}`;
const elongation = ({ width, height }: Size) => Math.max(width, height) / Math.min(width, height);
