import type { Mask } from "../../image/mask.js";
import { countSet } from "./maps.js";

export interface RegionAreas {
  /** Per pixel: the area, in pixels, of the region that it belongs to; 0 outside of all regions. */
  areas: Uint32Array;
  /** How many regions there are. */
  regions: number;
}

/** The 8-connected regions of a mask, by flood filling. O(pixels). */
export function regionAreas(mask: Mask): RegionAreas {
  const { data } = mask;
  const areas = new Uint32Array(data.length);
  // Every defective pixel enters the queue once, region after region: a region is a stretch of the queue.
  const queue = new Uint32Array(countSet(data));
  let regions = 0;
  let start = 0;
  for (let seed = 0; start < queue.length; seed++) {
    if (!data[seed] || areas[seed]) continue;
    const end = flood(mask, seed, areas, queue, start);
    for (let i = start; i < end; i++) areas[queue[i]!] = end - start;
    start = end;
    regions++;
  }
  return { areas, regions };
}

/** Puts the region of `seed` into the queue from `start` on and marks it in `areas`. @returns where it ends. */
function flood(
  { data, width, height }: Mask,
  seed: number,
  areas: Uint32Array,
  queue: Uint32Array,
  start: number,
): number {
  let end = start;
  areas[seed] = 1;
  queue[end++] = seed;
  for (let next = start; next < end; next++) {
    const pixel = queue[next]!;
    const x = pixel % width;
    const y = (pixel - x) / width;
    for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
      for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
        const neighbour = row * width + column;
        if (!data[neighbour] || areas[neighbour]) continue;
        areas[neighbour] = 1;
        queue[end++] = neighbour;
      }
    }
  }
  return end;
}
