/** Phase 3: from the energies of the latents to one map of how anomalous every pixel is. */

import type { Energy, Map2d } from "../kernels/index.js";
import * as kernels from "../kernels/index.js";

/**
 * The anomaly map, 0 (like the good parts) … 1 (unlike them): 1 − the mean over scales of the upsampled likelihood
 * exp(−½ · mean z²). Paper section 3.3; docs/maths.md, "The anomaly map".
 *
 * @param energies one per scale, any order
 * @param side side of the square map, pixels
 */
export function anomalyMapOf(energies: readonly Energy[], side: number): Map2d {
  return kernels.anomalyMap([...energies], { width: side, height: side });
}

/** The image's score: the maximum of its anomaly map. */
export function anomalyScore({ data }: Map2d): number {
  let highest = 0;
  for (const value of data) if (value > highest) highest = value;
  return highest;
}
