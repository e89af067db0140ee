import type { PackedRegions, Region } from "./types.js";

const numbersPerRegion = 12;

/** Region by region, polygon by polygon, as the addon wrote them. O(regions + points). */
export function unpackRegions({ numbers, polygons, points }: PackedRegions): Region[] {
  const regions: Region[] = [];
  let polygon = 0;
  for (let at = 0; at < numbers.length; at += numbersPerRegion) {
    const outlines: Region["holes"] = [];
    for (const end = polygon + numbers[at + 11]!; polygon < end; polygon++) {
      outlines.push(unpackPolygon(points, polygons[2 * polygon]!, polygons[2 * polygon + 1]!));
    }
    const [contour, ...holes] = outlines;
    regions.push({
      logNfa: numbers[at]!,
      area: numbers[at + 1]!,
      box: {
        x: numbers[at + 2]!,
        y: numbers[at + 3]!,
        width: numbers[at + 4]!,
        height: numbers[at + 5]!,
      },
      centroid: { x: numbers[at + 6]!, y: numbers[at + 7]! },
      peak: { x: numbers[at + 8]!, y: numbers[at + 9]!, score: numbers[at + 10]! },
      contour: contour!,
      holes,
    });
  }
  return regions;
}

function unpackPolygon(points: Float64Array, first: number, count: number): Region["contour"] {
  const polygon: Region["contour"] = [];
  for (let i = 2 * first; i < 2 * (first + count); i += 2) polygon.push([points[i]!, points[i + 1]!]);
  return polygon;
}
