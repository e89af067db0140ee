import { z } from "zod";
import { parseOptions } from "../options.js";

/** Options of a `DriftMonitor`. */
export interface DriftOptions {
  /** Parts that are judged together, 20 … 10 000. Default 100. What changes all parts is found within two windows. */
  window?: number;
  /**
   * The monitor's own promise: while parts are drawn as the images of the calibration were, one false alarm is to be expected
   * in so many parts, at most. At least 1000 windows, up to 1e12. Default 1 000 000.
   */
  oneFalseAlarmIn?: number;
  /** Share of a window, 0 … 0.5, that may be defective without raising the alarm. Default 0.3. */
  defects?: number;
  /** The same among the parts that were called good: defects that were missed. Default 0.05. */
  missed?: number;
  /** Side of the inspector's maps, where it is not the model's `mapSize`. */
  mapSize?: number | undefined;
}

const share = z.number().min(0).max(0.5);

const driftSchema = z
  .strictObject({
    window: z.int().min(20).max(10_000).default(100),
    oneFalseAlarmIn: z.number().max(1e12).default(1_000_000),
    defects: share.default(0.3),
    missed: share.default(0.05),
    mapSize: z.int().min(32).max(4096).optional(),
  })
  .refine(({ window, oneFalseAlarmIn }) => oneFalseAlarmIn >= 1000 * window, {
    path: ["oneFalseAlarmIn"],
    message: "expected at least 1000 windows",
  });

export type CheckedDriftOptions = z.infer<typeof driftSchema>;

/** @throws UflowError ERR_UFLOW_BAD_OPTION. */
export function checkDriftOptions(options: DriftOptions): CheckedDriftOptions {
  return parseOptions("DriftMonitor", driftSchema, options);
}
