import type { OpenOptions, OperatingPoint } from "../inspect/index.js";
import { engineVersion } from "../version.js";
import type { RecordSettings } from "./record.js";

/** What a record says of the inspector: made once per inspector. `options` are those that it was opened with. */
export function settingsOf(
  { operatingPoint, device }: { operatingPoint: OperatingPoint; device: string },
  { signal: _, onNetwork: __, ...options }: OpenOptions = {},
): RecordSettings {
  return { operatingPoint, options, device, engine: engineVersion };
}
