import type { FastifyInstance } from "fastify";

/** The page and all that it loads come from here; nothing may put it into a frame. */
const policy = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** Headers that keep browsers from guessing, framing and telling. */
export function sendSecurityHeaders(app: FastifyInstance): void {
  app.addHook("onRequest", async (_, reply) => {
    reply.headers({
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
    });
  });
}

const allowed = {
  "access-control-allow-methods": "GET, POST, PUT, DELETE",
  "access-control-allow-headers": "authorization, content-type, x-api-key, last-event-id",
  "access-control-max-age": "600",
};

/** Lets the pages of one other origin read answers; without cookies, so that they need a key. */
export function allowOrigin(app: FastifyInstance, origin: string): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("vary", "Origin");
    if (request.headers.origin !== origin) return;
    reply.header("access-control-allow-origin", origin);
    const isPreflight = request.method === "OPTIONS" && request.headers["access-control-request-method"];
    if (isPreflight) return reply.headers(allowed).code(204).send();
  });
}
