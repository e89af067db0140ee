import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { parseOptions } from "../options.js";

/**
 * A secret as Standard Webhooks (standardwebhooks.com) has it: `whsec_`, which may be missing, and at least 16 bytes in
 * base64, as of `openssl rand -base64 32`.
 */
export const secretSchema = z
  .string()
  .refine((secret) => /^(whsec_)?[A-Za-z0-9+/]+=*$/.test(secret) && keyOf(secret).length >= 16, {
    error: "expected at least 16 bytes in base64, as of openssl rand -base64 32",
    abort: true,
  });

/** The header `webhook-signature`: version 1 is HMAC-SHA256 of id, timestamp and body, with dots between. */
export function sign(secret: string, id: string, timestamp: number, body: string | Uint8Array): string {
  const sum = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest("base64");
  return `v1,${sum}`;
}

const keyOf = (secret: string) => Buffer.from(secret.replace(/^whsec_/, ""), "base64");

export interface SignedRequest {
  secret: string;
  /** Of the request, with names in lower case, as Node has them. */
  headers: Record<string, string | string[] | undefined>;
  /** As it was received: JSON that was parsed and written again is another text. */
  body: string | Uint8Array;
  /** Seconds that the sender's clock may be away from this one. Default 300. */
  tolerance?: number;
  /** Milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
}

const schema = z.object({ secret: secretSchema, tolerance: z.number().positive().default(300) });

/**
 * For receivers: whether a request was signed with the secret, and lately. In constant time. That it did not come before is
 * for the receiver to see, by its `webhook-id`.
 * @throws UflowError ERR_UFLOW_BAD_OPTION where the secret is none.
 */
export function verifySignature(request: SignedRequest): boolean {
  const { secret, tolerance } = parseOptions("verifySignature", schema, request);
  const { headers, body, now = Date.now } = request;
  const [id, time, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(
    (name) => headers[name],
  );
  if (typeof id !== "string" || typeof time !== "string" || typeof signatures !== "string") return false;
  if (!/^\d{1,12}$/.test(time) || Math.abs(now() / 1000 - Number(time)) > tolerance) return false;
  const wanted = Buffer.from(sign(secret, id, Number(time), body));
  return signatures.split(" ").some((signature) => {
    const given = Buffer.from(signature);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}
