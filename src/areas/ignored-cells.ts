import { UflowError } from "../error.js";
import type { Area, Size } from "../image/area.js";
import { anomalyMap } from "../kernels/index.js";
import type { IgnoredAreas, Polygon } from "./ignore.js";

/** What is ignored of the maps of an image: 1, elsewhere 0; rows from the top. */
export interface IgnoredCells {
  /** Per scale of the latents, finest first. */
  scales: Uint8Array[];
  /** At the finest scale: where a joint energy rests on cells that are ignored, of any scale. */
  joint: Uint8Array;
  /** Of the inspection's maps. */
  map: Uint8Array;
}

/**
 * The cells that ignored areas touch, with more than their edge. O(cells · points), and O(pixels of the area) for a mask.
 * @param area of the image, which the scales and the map cover
 * @throws UflowError ERR_UFLOW_BAD_IMAGE where nothing would be left, or the mask has another size than the image.
 */
export function ignoredCells(
  ignored: IgnoredAreas,
  { image, area, scales, map }: { image: Size; area: Area; scales: readonly Size[]; map: Size },
  name = "the image",
): IgnoredCells {
  const { mask } = ignored;
  if (mask && (mask.width !== image.width || mask.height !== image.height)) {
    throw refused(
      name,
      `it has ${image.width} × ${image.height} pixels, and the mask of what is to be ignored ${mask.width} × ${mask.height}; give a mask of the images' size`,
    );
  }
  const touched = (grid: Size) => touchedCells(ignored, area, grid);
  const ofScales = scales.map(touched);
  if (ofScales[0]!.every((cell) => cell === 1)) throw refused(name, "all that is looked at of it is ignored");
  return { scales: ofScales, joint: reached(ofScales, scales), map: touched(map) };
}

/** Where upsampling to the finest scale mixes an ignored cell in: there the mean of what is 1 elsewhere is less. */
function reached(ignored: readonly Uint8Array[], scales: readonly Size[]): Uint8Array {
  const energies = ignored.map((cells, s) => {
    const { width, height } = scales[s]!;
    return { data: Float32Array.from(cells, (cell) => cell * 1e6), channels: 1, width, height };
  });
  const { width, height } = scales[0]!;
  const missing = anomalyMap(energies, { width, height });
  return Uint8Array.from(missing.data, (part) => (part > 1e-6 ? 1 : 0));
}

function touchedCells({ polygons, mask }: IgnoredAreas, area: Area, grid: Size): Uint8Array {
  const cells = new Uint8Array(grid.width * grid.height);
  for (const polygon of polygons) {
    const points: Polygon = polygon.map(([x, y]) => [
      ((x - area.x) * grid.width) / area.width,
      ((y - area.y) * grid.height) / area.height,
    ]);
    points.forEach((point, i) => {
      markEdge(cells, grid, point, points[(i + 1) % points.length]!);
    });
    markInside(cells, grid, points);
  }
  if (mask) markMask(cells, grid, mask.data, mask.width, area);
  return cells;
}

/** Of a row, the cells that reach into `from` … `to` with more than their edge. */
function markRow(cells: Uint8Array, { width }: Size, y: number, from: number, to: number): void {
  const end = Math.min(Math.ceil(to), width);
  for (let x = Math.max(Math.floor(from), 0); x < end; x++) cells[y * width + x] = 1;
}

/** The cells that an edge runs through. */
function markEdge(cells: Uint8Array, grid: Size, one: Polygon[0], other: Polygon[0]): void {
  const [[x0, y0], [x1, y1]] = one[1] <= other[1] ? [one, other] : [other, one];
  const slope = y1 > y0 ? (x1 - x0) / (y1 - y0) : 0;
  const end = Math.min(Math.ceil(y1), grid.height);
  for (let y = Math.max(Math.floor(y0), 0); y < end; y++) {
    const upper = y <= y0 ? x0 : x0 + (y - y0) * slope;
    const lower = y + 1 >= y1 ? x1 : x0 + (y + 1 - y0) * slope;
    // A horizontal edge inside of a row has both ends in it.
    const [a, b] = y1 > y0 ? [upper, lower] : [x0, x1];
    markRow(cells, grid, y, Math.min(a, b), Math.max(a, b));
  }
}

/** The cells whose centres are inside. A cell that no edge runs through is inside as its centre is. */
function markInside(cells: Uint8Array, grid: Size, points: Polygon): void {
  for (let y = 0; y < grid.height; y++) {
    const crossings = crossingsOf(points, y + 0.5);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      // Centres from the first crossing to the second.
      markRow(cells, grid, y, Math.ceil(crossings[i]! - 0.5), Math.ceil(crossings[i + 1]! - 0.5));
    }
  }
}

/** Where the outline crosses a horizontal line, from left to right. */
function crossingsOf(points: Polygon, line: number): number[] {
  const crossings: number[] = [];
  points.forEach(([x0, y0], i) => {
    const [x1, y1] = points[(i + 1) % points.length]!;
    if (y0 <= line !== y1 <= line) crossings.push(x0 + ((line - y0) / (y1 - y0)) * (x1 - x0));
  });
  return crossings.sort((a, b) => a - b);
}

function markMask(cells: Uint8Array, grid: Size, mask: Uint8Array, maskWidth: number, area: Area): void {
  const cellsOf = (pixel: number, pixels: number, count: number) =>
    [(pixel * count) / pixels, ((pixel + 1) * count) / pixels] as const;
  for (let y = 0; y < area.height; y++) {
    const [top, bottom] = cellsOf(y, area.height, grid.height);
    const row = (area.y + y) * maskWidth + area.x;
    for (let x = 0; x < area.width; x++) {
      if (mask[row + x]! <= 127) continue;
      const [left, right] = cellsOf(x, area.width, grid.width);
      for (let at = Math.floor(top); at < bottom; at++) markRow(cells, grid, at, left, right);
    }
  }
}

const refused = (name: string, problem: string) =>
  new UflowError("ERR_UFLOW_BAD_IMAGE", `Cannot look at ${name}: ${problem}`);
