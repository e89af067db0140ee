import { UflowError } from "../error.js";

export const aborted = () =>
  new UflowError("ERR_UFLOW_ABORTED", "The training was cancelled; no model was written");

/** Between two operations of a network, which cannot be interrupted themselves. @throws UflowError ERR_UFLOW_ABORTED */
export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw aborted();
}
