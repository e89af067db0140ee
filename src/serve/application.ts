import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest, LogController } from "fastify";
import { guard } from "./access.js";
import { Admission, closeAfter } from "./admission.js";
import type { Failure } from "./api.js";
import { isLoopback, refuseForeignPages } from "./foreign-pages.js";
import { allowOrigin, sendSecurityHeaders } from "./headers.js";
import { closeOnlyWhatIsAnswered } from "./idle-connections.js";
import { describeApi } from "./openapi.js";
import type { CheckedServiceOptions } from "./options.js";
import type { App, Parts } from "./parts.js";
import { answerTo, Refusal } from "./refusal.js";
import { consoleRoutes } from "./routes/console.js";
import { inspectRoutes } from "./routes/inspect.js";
import { kserveRoutes } from "./routes/kserve.js";
import { liveRoutes } from "./routes/live.js";
import { modelRoutes } from "./routes/models.js";
import { resultRoutes } from "./routes/results.js";
import { sessionRoutes } from "./routes/session.js";
import { stateRoutes } from "./routes/state.js";
import { checkByZod, type ZodTypes } from "./validation.js";

/** Milliseconds for the headers of a request. */
const headersTimeout = 10_000;
/** Of a connection without a request; longer than proxies keep theirs. */
const keepAliveTimeout = 75_000;
/** Of a connection on which nothing moves, whatever it waits for. */
const idleTimeout = 300_000;
/** Bytes of a body of JSON, but for tensors. */
const jsonLimit = 64 * 1024;
/** Bytes of all headers together. */
const maxHeaderSize = 16 * 1024;

/** A fastify that is set up, and without routes. */
export function newApplication({ logLevel, bodyLimit, requestTimeout }: CheckedServiceOptions) {
  const app = fastify({
    logger: { level: logLevel, stream: process.stderr },
    // Each in one line, once it is answered.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    requestTimeout,
    keepAliveTimeout,
    connectionTimeout: idleTimeout,
    // They are answered as all else that is refused.
    return503OnClosing: false,
    http: {
      headersTimeout: Math.min(headersTimeout, requestTimeout),
      maxHeaderSize,
      // How often the two timeouts are looked at.
      connectionsCheckingInterval: Math.min(5000, requestTimeout / 4),
    },
    // The name of a file may have 255 bytes, each of which an address may have as %XX.
    routerOptions: { maxParamLength: 3 * 255 },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, { url }, reply) => answerUnrouted(error, url, reply as unknown as FastifyReply),
  });
  closeOnlyWhatIsAnswered(app.server);
  return app.withTypeProvider<ZodTypes>();
}

/** Every route, with what goes before and after all of them. */
export async function addRoutes(app: App, parts: Parts): Promise<void> {
  const { options, metrics, access } = parts;
  checkByZod(app);
  app.removeContentTypeParser(["text/plain", "application/json"]);
  const json = { parseAs: "string", bodyLimit: jsonLimit } as const;
  app.addContentTypeParser("application/json", json, app.getDefaultJsonParser("error", "error"));
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(parts, error, request, reply));
  app.setNotFoundHandler(({ method, url }) => {
    throw new Refusal(404, `There is no ${method} ${url}; GET /openapi.json says what there is`);
  });
  sendSecurityHeaders(app);
  app.addHook("onRequest", async () => {
    if (parts.draining()) throw new Refusal(503, "The service is shutting down");
  });
  if (options.cors !== undefined) allowOrigin(app, options.cors);
  if (access.open && isLoopback(options.host)) refuseForeignPages(app, options.cors);
  guard(app, access);
  const admission = new Admission(options);
  admission.guard(app);
  metrics.gauge("body_bytes", "Bytes of the bodies of requests under way", () => admission.bytesUnderWay);
  app.addHook("onResponse", async (request, { statusCode, elapsedTime }) => {
    const { method, routeOptions } = request;
    metrics.countRequest(method, routeOptions.url ?? "(none)", statusCode);
    request.log.debug({ method, url: request.url, statusCode, milliseconds: elapsedTime }, "answered");
  });
  app.addHook("onSend", async (_, reply) => {
    // Or the connection would stay, and with it the service.
    if (parts.draining()) reply.header("connection", "close");
  });
  const document = describeApi(app);
  for (const routes of [inspectRoutes, resultRoutes, liveRoutes, modelRoutes, stateRoutes, sessionRoutes]) {
    await app.register((scope: App) => routes(scope, parts));
  }
  await app.register((scope: App) => kserveRoutes(scope, parts));
  await app.register((scope: App) => consoleRoutes(scope));
  app.get("/openapi.json", { schema: { summary: "This document", tags: ["state"], open: true } }, async () =>
    document(),
  );
}

function answerError({ models }: Parts, error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const { status, body } = answerTo(inOurWords(error));
  const { method, url } = request;
  // That it was withdrawn, or that the service shuts down, is no failure.
  const failed = status >= 500 && !["ERR_UFLOW_ABORTED", "ERR_UFLOW_CLOSED"].includes(body.error.code);
  if (failed) request.log.error({ method, url, err: error }, "failed");
  else request.log.info({ method, url, status, code: body.error.code }, body.error.message);
  if (status === 403 || status === 413) reply.header("connection", "close");
  if (status === 413) closeAfter(request.raw);
  if (status === 429 || status === 503) reply.header("retry-after", String(secondsUntilRoom(models)));
  return reply.code(status).send(asAskedFor(url, body));
}

/** Of an address that cannot be read. */
function answerUnrouted(error: FastifyError, url: string, reply: FastifyReply): void {
  const { status, body } = answerTo(error);
  reply.code(status).send(asAskedFor(url, body));
}

/** The open inference protocol has errors of its own form. */
const asAskedFor = (url: string, { error }: Failure) =>
  url.startsWith("/v2") ? { error: error.message } : { error };

function inOurWords(error: FastifyError): Error {
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new Refusal(413, `A body of JSON may have ${jsonLimit} bytes here`);
  }
  if (error.code !== "FST_ERR_CTP_INVALID_MEDIA_TYPE") return error;
  return new Refusal(
    415,
    "The body is of a content type that is not taken here: say what an image is, as Content-Type: image/png (curl: -H); GET /openapi.json says what is taken",
  );
}

/** Until what waits is done, at the pace of the last seconds. */
function secondsUntilRoom(models: Parts["models"]): number {
  const waits = models.list().map(({ inspector: { stats } }) => stats.queued / (stats.throughput || 1));
  return Math.min(60, Math.max(1, Math.ceil(Math.max(0, ...waits))));
}

/** Of what is no request of HTTP, or came too slowly: there is no reply to answer with, only the socket. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = brokenRequests[error.code ?? ""] ?? [400, "This is no request of HTTP/1.1"];
  const body = JSON.stringify({ error: { code: "ERR_UFLOW_BAD_REQUEST", message } });
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}

const brokenRequests: Record<string, [status: number, message: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    "The request did not arrive as a whole in time; see requestTimeout (--request-timeout)",
  ],
  HPE_HEADER_OVERFLOW: [431, `The headers are larger than ${maxHeaderSize} bytes`],
};
