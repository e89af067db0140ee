import type { Scale } from "../backbone/features.js";
import { normEpsilon } from "../flow/forward.js";
import { Covariance, type Whitening } from "../flow/whitening.js";
import type { FeatureCache } from "./feature-cache.js";
import { throwIfStopped } from "./stop.js";

/** Pixels of a feature map that are looked at, evenly over it: neighbours tell the same. */
const mostPixels = 1024;

/**
 * What whitens the standardised features of these pictures, per scale. The same pictures in the same order give the same bits.
 * @throws UflowError ERR_UFLOW_ABORTED, ERR_UFLOW_BAD_TENSOR.
 */
export async function whiteningsOf(
  features: FeatureCache,
  pictures: readonly number[],
  scales: readonly Scale[],
  signal: AbortSignal,
): Promise<Whitening[]> {
  const covariances = scales.map(({ channels }) => new Covariance(channels));
  for (const [i, picture] of pictures.entries()) {
    throwIfStopped(signal);
    const maps = await features.batch([picture], pictures.slice(i + 1, i + 2));
    for (const [scale, { data }] of maps.entries()) addPixels(covariances[scale]!, data, scales[scale]!);
  }
  return covariances.map((covariance) => covariance.whitening());
}

function addPixels(covariance: Covariance, map: Float32Array, { channels, height, width }: Scale): void {
  const pixels = height * width;
  const mean = map.reduce((sum, x) => sum + x, 0) / map.length;
  const variance = map.reduce((sum, x) => sum + (x - mean) ** 2, 0) / map.length;
  const factor = 1 / Math.sqrt(variance + normEpsilon);
  const x = new Float64Array(channels);
  for (let pixel = 0; pixel < pixels; pixel += Math.ceil(pixels / mostPixels)) {
    for (let c = 0; c < channels; c++) x[c] = (map[c * pixels + pixel]! - mean) * factor;
    covariance.add(x);
  }
}
