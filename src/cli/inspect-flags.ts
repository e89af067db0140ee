import { z } from "zod";
import { type CheckedInspectorOptions, inspectorSchema } from "../inspect/options.js";
import { parseOptions } from "../options.js";

/**
 * The options of the inspector. Names all that is wrong before anything is read or written.
 * @throws UflowError ERR_UFLOW_BAD_OPTION.
 */
export function checkInspectFlags(flags: unknown, raw: boolean): CheckedInspectorOptions {
  const out = raw ? z.string("needed by --raw").min(1) : z.string().min(1).optional();
  const { out: _, ...options } = parseOptions("inspect", inspectorSchema.extend({ out }), flags);
  return options;
}
