import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import { Refusal } from "./refusal.js";

/**
 * Bounds the memory of requests before any body is read: of each, and of all that are under way. A body whose length is
 * not told counts as the longest.
 */
export class Admission {
  private bytes = 0;

  constructor(private readonly limits: { bodyLimit: number; bodiesLimit: number }) {}

  /** Of bodies under way. */
  get bytesUnderWay(): number {
    return this.bytes;
  }

  guard(app: FastifyInstance): void {
    app.addHook("onRequest", async ({ headers, raw }, reply) => {
      const bytes = this.lengthOf(headers);
      if (bytes === 0) return;
      const { bodyLimit, bodiesLimit } = this.limits;
      // What is not read must not be taken for the next request.
      if (bytes > bodyLimit) {
        reply.header("connection", "close");
        throw tooLarge(bodyLimit);
      }
      if (this.bytes + bytes > bodiesLimit) {
        reply.header("connection", "close");
        if (headers["transfer-encoding"] === undefined) closeAfter(raw);
        throw new Refusal(429, "Too many bytes are under way; try again later");
      }
      this.bytes += bytes;
      reply.raw.once("close", () => {
        this.bytes -= bytes;
      });
    });
  }

  private lengthOf(headers: NodeJS.Dict<string | string[]>): number {
    if (headers["transfer-encoding"] !== undefined) return this.limits.bodyLimit;
    return Number(headers["content-length"] ?? 0);
  }
}

/**
 * Keeps a connection until the request has been sent, whose body is dropped as it comes, though it was answered before: what
 * arrives at a connection that is closed resets it, and the answer is lost to a client that has not read it yet. Only for
 * bodies that tell their length, which is `bodyLimit` at most; `requestTimeout` is their time.
 */
function closeAfter(request: IncomingMessage): void {
  const { socket } = request;
  socket.destroySoon = () => {
    const close = () => socket.end(() => socket.destroy());
    if (request.complete) close();
    else request.once("end", close);
  };
}

export function tooLarge(limit: number): Refusal {
  return new Refusal(
    413,
    `The body is larger than ${limit} bytes; send less, or raise bodyLimit (--body-limit)`,
  );
}
