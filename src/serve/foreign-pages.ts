import type { FastifyInstance } from "fastify";
import { Refusal } from "./refusal.js";

/** Whether only this machine reaches an address. */
export const isLoopback = (host: string) =>
  host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);

/**
 * For a service without keys on a loopback address. A browser on the same machine reaches it, too, with whatever page is open in
 * it: pages of other origins may send forms without being asked for leave, and one whose name is made to point at
 * 127.0.0.1 (DNS rebinding) would even read the answers. So the name that was asked for must be this machine's, and a page
 * that asks must come from here, or from the origin that is let in.
 */
export function refuseForeignPages(app: FastifyInstance, allowedOrigin: string | undefined): void {
  app.addHook("onRequest", async ({ headers: { host, origin } }) => {
    // Browsers always say which name they asked for; health checks of HTTP/1.0 do not.
    if (host !== undefined && !isLoopback(hostnameOf(`http://${host}`))) {
      throw new Refusal(
        403,
        "Without API keys the service answers to the names of this machine only, as localhost: use --api-keys",
      );
    }
    if (origin === undefined || origin === allowedOrigin || origin === `http://${host}`) return;
    throw new Refusal(403, `Pages of ${origin} may not ask here: see --cors and --api-keys`);
  });
}

function hostnameOf(address: string): string {
  return URL.canParse(address) ? new URL(address).hostname : "";
}
