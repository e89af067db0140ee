import { expect, it } from "vitest";
import { sign, verifySignature } from "#uflow/records/signature.js";

/** The example in the documentation of Standard Webhooks. */
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const body = '{"test": 2432232314}';
const time = 1614265330;
const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

const headers = { "webhook-id": id, "webhook-timestamp": String(time), "webhook-signature": signature };
const request = { secret, headers, body, now: () => time * 1000 };

it("is that of Standard Webhooks", () => {
  expect(sign(secret, id, time, body)).toBe(signature);
  expect(verifySignature(request)).toBe(true);
  expect(verifySignature({ ...request, body: Buffer.from(body), secret: secret.slice(6) })).toBe(true);
});

it("is one of several, while a secret is replaced", () => {
  const several = { ...headers, "webhook-signature": `v1,AAAA v2,${signature} ${signature}` };
  expect(verifySignature({ ...request, headers: several })).toBe(true);
});

it.each([
  ["another body", { body: `${body} ` }],
  ["another secret", { secret: Buffer.alloc(24).toString("base64") }],
  ["another id", { headers: { ...headers, "webhook-id": "msg" } }],
  ["another time", { headers: { ...headers, "webhook-timestamp": String(time + 1) } }],
  ["no time", { headers: { ...headers, "webhook-timestamp": "NaN" } }],
  ["no signature", { headers: { ...headers, "webhook-signature": undefined } }],
  ["an old request", { now: () => (time + 301) * 1000 }],
  ["a request from the future", { now: () => (time - 301) * 1000 }],
])("is not that of %s", (_, change) => {
  expect(verifySignature({ ...request, ...change })).toBe(false);
});

it("wants a secret that is one", () => {
  expect(() => verifySignature({ ...request, secret: "password" })).toThrow(
    /secret: expected at least 16 bytes in base64/,
  );
});
