import { randomBytes } from "node:crypto";

/** A file of an answer of several parts. */
export interface MixedPart {
  /** As "0.overlay.png": the extension says what it is. */
  name: string;
  bytes: Uint8Array;
}

/** An answer of several parts (RFC 2046, 5.1.3): a JSON document, then files. */
export function mixedBody(document: object, files: readonly MixedPart[]): { type: string; body: Buffer } {
  const boundary = `uflow-${randomBytes(12).toString("hex")}`;
  const json = { name: "results.json", bytes: Buffer.from(JSON.stringify(document)) };
  const pieces = [json, ...files].flatMap(({ name, bytes }) => [
    Buffer.from(`--${boundary}\r\n${headers(name, bytes.length)}\r\n\r\n`),
    bytes,
    Buffer.from("\r\n"),
  ]);
  return {
    type: `multipart/mixed; boundary=${boundary}`,
    body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

function headers(name: string, length: number): string {
  return [
    `Content-Type: ${contentType(name)}`,
    `Content-Disposition: attachment; filename="${name}"`,
    `Content-Length: ${length}`,
  ].join("\r\n");
}

const types: Record<string, string> = {
  json: "application/json",
  png: "image/png",
  jpg: "image/jpeg",
  npy: "application/octet-stream",
};

/** By the extension of a name. */
export function contentType(name: string): string {
  return types[name.slice(name.lastIndexOf(".") + 1)]!;
}
