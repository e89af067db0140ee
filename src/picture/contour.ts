import type { Region } from "../kernels/index.js";
import { theme } from "./theme.js";

/** How contours in pixels of the original image come onto a picture of it. */
export interface ContourStyle {
  /** Picture pixels per image pixel, horizontally and vertically. */
  scale: { x: number; y: number };
  /** Side of the map's pixels, picture pixels: the size of the steps that are smoothed away. */
  step: { x: number; y: number };
  /** Of the line, picture pixels. */
  width: number;
}

/** The contours of regions as SVG elements: a bright line on a dark one, to be seen on every background. */
export function drawContours(regions: readonly Region[], style: ContourStyle): string {
  if (regions.length === 0) return "";
  const path = regions.map(({ contour }) => outline(contour, style)).join("");
  const line = (colour: string, width: number, opacity: number) =>
    `<path d="${path}" fill="none" stroke-linejoin="round" stroke="${colour}" stroke-opacity="${opacity}" stroke-width="${width}"/>`;
  return line("#000", style.width * 2.2, 0.55) + line(theme.contour, style.width, 1);
}

type Point = readonly [x: number, y: number];

/** Below this many edges of pixels a region is a few pixels large: there is nothing to smooth, only to lose. */
const fewestEdges = 12;

/** A region's boundary in the picture, without the staircase of the map's pixels. Stays within about a map pixel. */
function outline(contour: readonly Point[], { scale, step }: ContourStyle): string {
  const corners = contour.map(([x, y]): Point => [x * scale.x, y * scale.y]);
  const middles = corners.flatMap((corner, i) =>
    edgeMiddles(corner, corners[(i + 1) % corners.length]!, step),
  );
  const points = middles.length < fewestEdges ? corners : smooth(middles);
  return `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}Z`;
}

/** The middles of the pixels' edges that make up one side of the polygon; sides are horizontal or vertical. */
function edgeMiddles([x, y]: Point, [toX, toY]: Point, step: ContourStyle["step"]): Point[] {
  const edges = Math.max(1, Math.round(Math.abs(toX - x) / step.x + Math.abs(toY - y) / step.y));
  return Array.from({ length: edges }, (_, i) => {
    const share = (i + 0.5) / edges;
    return [x + share * (toX - x), y + share * (toY - y)];
  });
}

/**
 * Taubin's smoothing of a closed curve ("A signal processing approach to fair surface design", 1995): a step towards
 * the neighbours and a slightly larger one away from them, by turns. Steps go, the region does not shrink.
 */
function smooth(points: readonly Point[]): readonly Point[] {
  let curve = points;
  for (let pass = 0; pass < 8; pass++) curve = relax(relax(curve, 0.5), -0.53);
  return curve;
}

function relax(points: readonly Point[], share: number): Point[] {
  return points.map(([x, y], i) => {
    const [beforeX, beforeY] = points.at(i - 1)!;
    const [afterX, afterY] = points[(i + 1) % points.length]!;
    return [x + share * ((beforeX + afterX) / 2 - x), y + share * ((beforeY + afterY) / 2 - y)];
  });
}
