export { DriftMonitor, type Monitored } from "./monitor.js";
export type { DriftOptions } from "./options.js";
export type { Comparison, DriftState, Finding, Quartiles } from "./state.js";
