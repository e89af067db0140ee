import type { ServiceOptions } from "./options.js";
import type { Service } from "./service.js";

export { type NewKey, newKey } from "./keys.js";
export type { LogLevel, ServiceOptions } from "./options.js";
export type { Service } from "./service.js";

/**
 * Starts the HTTP service: images in, verdicts out; the console at `/`, what can be asked at `/openapi.json`.
 * docs/serving.md.
 *
 * ```ts
 * await using service = await startService({ models: ["bottle.uflow"], port: 8080 });
 * console.log(service.url);
 * ```
 * @throws UflowError ERR_UFLOW_BAD_OPTION (also where the address cannot be had), and what `Inspector.openAll()`
 * throws; then nothing is left open.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  // The server's libraries are loaded for those who serve: for a program that inspects they are a third of its code.
  const { openService } = await import("./service.js");
  return await openService(options);
}
