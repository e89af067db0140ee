import type { Region } from "../kernels/index.js";

/** Regions on their way between threads: a message with thousands of pairs takes longer than the network of a small model. */
export interface SentRegions {
  regions: (Omit<Region, "contour" | "holes"> & {
    /** Points of the contour, then of each hole. */
    lengths: number[];
  })[];
  /** Two per point: x, y; of one polygon after the other. */
  points: Float64Array;
}

/** O(points). `points` has memory of its own. */
export function toSent(regions: readonly Region[]): SentRegions {
  const polygons = regions.flatMap(({ contour, holes }) => [contour, ...holes]);
  const points = new Float64Array(2 * polygons.reduce((sum, { length }) => sum + length, 0));
  let next = 0;
  for (const polygon of polygons) {
    for (const [x, y] of polygon) {
      points[next++] = x;
      points[next++] = y;
    }
  }
  return {
    regions: regions.map(({ contour, holes, ...rest }) => ({
      ...rest,
      lengths: [contour, ...holes].map(({ length }) => length),
    })),
    points,
  };
}

export function fromSent({ regions, points }: SentRegions): Region[] {
  let next = 0;
  const polygon = (length: number) =>
    Array.from({ length }, (): [number, number] => [points[next++]!, points[next++]!]);
  return regions.map(({ lengths, ...rest }) => {
    const [contour, ...holes] = lengths.map(polygon);
    return { ...rest, contour: contour!, holes };
  });
}
