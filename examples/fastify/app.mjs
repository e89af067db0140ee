import fastify from "fastify";
import { answer, untilGone } from "../answer.mjs";

/** A Fastify application with the route `POST /inspect`: the bytes of an image in, the verdict out. */
export function inspectionApp(inspector) {
  const app = fastify({
    bodyLimit: 32 * 1024 * 1024,
    // While it shuts down, requests on connections that are open already are answered, not refused.
    return503OnClosing: false,
  });
  const bytes = [
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/tiff",
    "image/bmp",
    "application/octet-stream",
  ];
  app.addContentTypeParser(bytes, { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.post("/inspect", async (request, reply) => {
    const { status, headers, body } = await answer(inspector, request.body, untilGone(reply.raw));
    return reply.code(status).headers(headers).send(body);
  });
  app.get("/stats", () => inspector.stats);
  return app;
}
