import type { Region } from "../kernels/index.js";
import { theme } from "./theme.js";

/** How contours in pixels of the original image come onto a picture of it. */
export interface ContourStyle {
  /** Picture pixels per image pixel, horizontally and vertically. */
  scale: { x: number; y: number };
  /** Of the line, picture pixels. */
  width: number;
  /** Default: the theme's. */
  colour?: string;
}

/**
 * The contours and holes of regions as SVG elements: a bright line on a dark one, to be seen on every background.
 * Contours lie between the pixels of the map, so that there are no steps to smooth away.
 */
export function drawContours(
  regions: readonly Region[],
  { scale, width, colour = theme.contour }: ContourStyle,
): string {
  if (regions.length === 0) return "";
  const polygons = regions.flatMap(({ contour, holes }) => [contour, ...holes]);
  const path = polygons.map((polygon) => outline(polygon, scale)).join("");
  const line = (stroke: string, width: number, opacity: number) =>
    `<path d="${path}" fill="none" stroke-linejoin="round" stroke="${stroke}" stroke-opacity="${opacity}" stroke-width="${width}"/>`;
  return line("#000", width * 2.2, 0.55) + line(colour, width, 1);
}

function outline(polygon: Region["contour"], scale: ContourStyle["scale"]): string {
  const points = polygon.map(([x, y]) => `${(x * scale.x).toFixed(2)} ${(y * scale.y).toFixed(2)}`);
  return `M${points.join("L")}Z`;
}
