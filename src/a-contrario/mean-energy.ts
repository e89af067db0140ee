import type { Energy } from "../kernels/index.js";

/**
 * The mean over the pixels that are not ignored of Σ z² / channels: about 1 on what the flow has learned; 0 where all are
 * ignored. O(pixels).
 * @param ignored 1 where a pixel of the energy is not looked at; default: none
 */
export function meanEnergy(
  { data, channels }: Pick<Energy, "data" | "channels">,
  ignored?: Uint8Array | undefined,
): number {
  let sum = 0;
  let pixels = 0;
  for (let i = 0; i < data.length; i++) {
    if (ignored?.[i]) continue;
    sum += data[i]!;
    pixels += 1;
  }
  return pixels === 0 ? 0 : sum / (pixels * channels);
}
