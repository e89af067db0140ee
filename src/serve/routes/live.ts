import { liveEventSchemas } from "../api.js";
import type { App, Parts } from "../parts.js";

/** GET /v1/live */
export async function liveRoutes(app: App, { live }: Parts): Promise<void> {
  const schema = {
    summary: "What happens, as it happens",
    tags: ["live"],
    gives: {
      description: `Server-Sent Events: ${Object.keys(liveEventSchemas).join(", ")}. Their data are the schemas of these names; results have ids, and with the header Last-Event-ID a client goes on after one.`,
      types: ["text/event-stream"],
    },
  };
  // Whoever asks for the head alone would listen for ever and hear nothing.
  app.get("/v1/live", { schema, exposeHeadRoute: false }, (request, reply) => {
    live.checkRoom();
    reply.hijack();
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // Proxies that buffer would hold events back.
      "x-accel-buffering": "no",
    });
    live.add(reply.raw, request.headers["last-event-id"] as string | undefined);
  });
}
