import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import { onceOver } from "./once-over.js";
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
      if (bytes > bodyLimit) throw tooLarge(bodyLimit);
      if (this.bytes + bytes > bodiesLimit) {
        // What is not read must not be taken for the next request.
        reply.header("connection", "close");
        closeAfter(raw);
        throw new Refusal(429, "Too many bytes are under way; try again later");
      }
      this.bytes += bytes;
      onceOver(reply.raw, () => {
        this.bytes -= bytes;
      });
    });
  }

  private lengthOf(headers: NodeJS.Dict<string | string[]>): number {
    if (headers["transfer-encoding"] !== undefined) return this.limits.bodyLimit;
    return Number(headers["content-length"] ?? 0);
  }
}

/** Bytes that are dropped after an answer, for clients that send all before they read. */
const mostDropped = 2 ** 27;

/**
 * Keeps a connection that is to be closed until the request has been sent, whose body is dropped as it comes, though it was
 * answered before: what arrives at a connection that is closed resets it, and the answer is lost to a client that has not read it
 * yet. Of endless bodies `mostDropped`; `requestTimeout` is their time.
 */
export function closeAfter(request: IncomingMessage): void {
  const { socket } = request;
  socket.destroySoon = () => {
    const close = () => socket.end(() => socket.destroy());
    if (request.complete) {
      close();
      return;
    }
    let dropped = 0;
    request.unpipe().on("data", ({ length }: Buffer) => {
      dropped += length;
      if (dropped > mostDropped) socket.destroy();
    });
    request.resume().once("end", close);
  };
}

export function tooLarge(limit: number): Refusal {
  return new Refusal(
    413,
    `The body is larger than ${limit} bytes; send less, or raise bodyLimit (--body-limit)`,
  );
}
