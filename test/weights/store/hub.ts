import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A file that passes for weights: a safetensors header and noise. */
export function fakeWeights(bytes = 300_000): Buffer {
  return noiseFor({ w: { dtype: "U8", shape: [bytes], data_offsets: [0, bytes] } }, bytes);
}

/** Noise that passes for the weights of a backbone; of bytes, where it is never read, for it to be small. */
export function fittingWeights(
  shapes: ReadonlyMap<string, readonly number[]>,
  dtype: "BF16" | "U8" = "BF16",
): Buffer {
  let end = 0;
  const header: Record<string, object> = {};
  for (const [name, shape] of shapes) {
    const from = end;
    end += (dtype === "U8" ? 1 : 2) * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype, shape, data_offsets: [from, end] };
  }
  return noiseFor(header, end);
}

function noiseFor(tensors: object, bytes: number): Buffer {
  const header = Buffer.from(JSON.stringify(tensors));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, randomBytes(bytes)]);
}

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** How a server of files behaves; everything is well-behaved by default. */
export interface Serving {
  etag?: string;
  /** Whether it sends parts. */
  ranges?: boolean;
  /** Ends the connection after so many bytes of the body. */
  cutAfter?: number;
  /** Says nothing more after so many bytes of the body, and keeps the connection open. */
  silentAfter?: number;
  /** Announces another length than it sends. */
  announce?: number;
  /** Announces none. */
  chunked?: boolean;
  headers?: Record<string, string>;
}

/** Answers with the file, or with the part that was asked for. */
export function file(bytes: Buffer, serving: Serving = {}): Answer {
  const { etag = `"${sha256(bytes).slice(0, 32)}"`, ranges = true, chunked = false } = serving;
  return ({ headers }, response) => {
    const from = Number(headers.range?.match(/^bytes=(\d+)-$/)?.[1] ?? Number.NaN);
    const partial = ranges && from >= 0 && headers["if-range"] === etag;
    if (partial && from >= bytes.length) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
      return;
    }
    const body = partial ? bytes.subarray(from) : bytes;
    response.writeHead(partial ? 206 : 200, {
      etag,
      ...(!chunked && { "content-length": serving.announce ?? body.length }),
      ...(partial && { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
      ...serving.headers,
    });
    const until = serving.cutAfter ?? serving.silentAfter ?? body.length;
    response.write(body.subarray(0, until), () => {
      if (serving.silentAfter !== undefined) return;
      if (serving.cutAfter === undefined && serving.announce === undefined) response.end();
      // What was written must leave before the connection ends.
      else setTimeout(() => response.socket?.destroy(), 20);
    });
  };
}

export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response.writeHead(code, headers).end("no");

export const redirect = (to: string, headers: Record<string, string> = {}) =>
  status(302, { location: to, ...headers });

/** What the model hub answers for a file in LFS: where the bytes lie, and what they are. */
export const hubAnswer = (bytes: Buffer) =>
  redirect("/cdn", {
    "x-linked-etag": `"${sha256(bytes)}"`,
    "x-linked-size": String(bytes.length),
    etag: '"git"',
  });

/** A local server that gives each request the next of the answers, the last one for ever. */
export class Hub implements AsyncDisposable {
  readonly requests: { url: string; range: string | undefined }[] = [];
  answers: Answer[] = [];

  private readonly server = createServer((request, response) => {
    this.requests.push({ url: request.url!, range: request.headers.range });
    const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!;
    answer(request, response);
  });

  async listen(): Promise<this> {
    await once(this.server.listen(0, "127.0.0.1"), "listening");
    return this;
  }

  get host(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}
