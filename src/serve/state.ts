import { engineVersion } from "../version.js";
import type { Stats } from "./api.js";
import type { Parts } from "./parts.js";

/** How models, memory and sinks fare now. */
export function statsOf({ models, results, live, sinks, started }: Parts): Stats {
  const now = new Date();
  return {
    version: engineVersion,
    time: now.toISOString(),
    uptime: (now.getTime() - started.getTime()) / 1000,
    models: Object.fromEntries(models.list().map(({ name, inspector }) => [name, inspector.stats])),
    results: { count: results.count, bytes: results.bytes },
    liveClients: live.count,
    sinks: sinks.each.map(({ name, stats }) => ({ name, ...stats })),
  };
}
