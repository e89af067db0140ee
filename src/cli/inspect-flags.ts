import { z } from "zod";
import { inspectorSchema } from "../inspect/options.js";
import { parseOptions } from "../options.js";

/**
 * Names all that is wrong before anything is read or written.
 * @throws UflowError ERR_UFLOW_BAD_OPTION.
 */
export function checkInspectFlags(flags: unknown, raw: boolean): void {
  const out = raw ? z.string("needed by --raw").min(1) : z.string().min(1).optional();
  parseOptions("inspect", inspectorSchema.extend({ out }), flags);
}
