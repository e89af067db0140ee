import { type OperatingPoint, resolveOperatingPoint } from "../a-contrario/operating-point.js";
import type { Manifest } from "../bundle/manifest.js";
import type { EngineOptions } from "./options.js";

/** What the options mean for a model. @throws UflowError ERR_UFLOW_BAD_OPTION when they do not fit it. */
export function operatingPointFor(
  { calibration, ...manifest }: Manifest,
  options: EngineOptions,
): OperatingPoint {
  const { precision, region, ignore } = options;
  const mapSize = options.mapSize ?? manifest.mapSize;
  const otherAreas = region !== undefined || ignore !== undefined;
  const ignores = Boolean(ignore === undefined ? manifest.ignore : ignore);
  return resolveOperatingPoint(options, calibration, { mapSize, precision, otherAreas, ignores });
}
