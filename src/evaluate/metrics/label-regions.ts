import type { Mask } from "../../image/mask.js";
import { countSet } from "./maps.js";

/** The connected regions of a mask. */
export interface LabelledRegions {
  /** Per pixel: 0 outside of all regions, else the region's number, 1 … areas.length − 1, in reading order. */
  labels: Uint32Array;
  /** Pixels of each region, by its number; areas[0] is 0. */
  areas: number[];
}

/** The regions of a mask by flood filling; ground truth is 8-connected. O(pixels). */
export function labelRegions(mask: Mask, connectivity: 4 | 8 = 8): LabelledRegions {
  const { data } = mask;
  const labels = new Uint32Array(data.length);
  // Every set pixel enters the queue once, region after region: a region is a stretch of the queue.
  const queue = new Uint32Array(countSet(data));
  const areas = [0];
  let start = 0;
  for (let seed = 0; start < queue.length; seed++) {
    if (!data[seed] || labels[seed]) continue;
    const end = flood(mask, seed, { labels, label: areas.length, queue, start, connectivity });
    areas.push(end - start);
    start = end;
  }
  return { labels, areas };
}

interface Flood {
  labels: Uint32Array;
  label: number;
  queue: Uint32Array;
  start: number;
  connectivity: 4 | 8;
}

/** Puts the region of `seed` into the queue from `start` on and labels it. @returns where it ends. */
function flood({ data, width, height }: Mask, seed: number, task: Flood): number {
  const { labels, label, queue, start, connectivity } = task;
  let end = start;
  labels[seed] = label;
  queue[end++] = seed;
  for (let next = start; next < end; next++) {
    const pixel = queue[next]!;
    const x = pixel % width;
    const y = (pixel - x) / width;
    for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
      for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
        const neighbour = row * width + column;
        const diagonal = row !== y && column !== x;
        if (!data[neighbour] || labels[neighbour] || (diagonal && connectivity === 4)) continue;
        labels[neighbour] = label;
        queue[end++] = neighbour;
      }
    }
  }
  return end;
}
