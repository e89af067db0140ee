import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { verifySignature } from "#uflow/records/signature.js";
import { postToWebhook, type WebhookOptions } from "#uflow/records/webhook.js";
import { records, scratch, until } from "./frames.js";

interface Call {
  sequence: number;
  headers: IncomingMessage["headers"];
  body: string;
  time: number;
}

type Answer = number | [number, Record<string, string>] | "nothing";

/** A server that gives these answers, one after the other, and then 204. */
async function receiver(answers: readonly Answer[] = [], port = 0) {
  const calls: Call[] = [];
  const left = [...answers];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    const { sequence } = JSON.parse(body);
    calls.push({ sequence, headers: request.headers, body, time: performance.now() });
    const answer = left.shift() ?? 204;
    if (answer === "nothing") return;
    const [status, headers] = Array.isArray(answer) ? answer : [answer, {}];
    response.writeHead(status, headers).end();
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: taken } = server.address() as AddressInfo;
  return {
    calls,
    url: `http://127.0.0.1:${taken}/hook?token=hidden`,
    port: taken,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function posting(url: string, options: WebhookOptions = {}) {
  const told: string[] = [];
  const sink = await postToWebhook(url, { onProblem: (message) => told.push(message), ...options });
  return { sink, told, [Symbol.asyncDispose]: () => sink.close(50) };
}

const sequences = (calls: readonly Call[]) => calls.map(({ sequence }) => sequence);

it("posts records as JSON, signed, with an id that stays the same", async () => {
  await using server = await receiver([503]);
  const secret = Buffer.alloc(32, 7).toString("base64");
  await using hook = await posting(server.url, { secret, headers: { "x-line": "7" } });
  const [record] = records(1);
  expect(await hook.sink.write(record!)).toBe(true);
  expect(server.calls).toHaveLength(2);
  for (const { headers, body } of server.calls) {
    expect(JSON.parse(body)).toEqual(record);
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": record!.id,
      "x-line": "7",
    });
    expect(verifySignature({ secret, headers, body })).toBe(true);
  }
});

it("tries again what may pass, in order, and tells", async () => {
  await using server = await receiver([500, 429, 401]);
  await using hook = await posting(server.url);
  const arrived = await Promise.all(records(5).map((record) => hook.sink.write(record)));
  expect(arrived).toEqual(Array(5).fill(true));
  expect(sequences(server.calls)).toEqual([1, 1, 1, 1, 2, 3, 4, 5]);
  expect(hook.sink.stats).toMatchObject({ written: 5, failures: 3, problem: null });
  expect(hook.told).toEqual([
    `webhook fails and is tried again: 127.0.0.1:${server.port} answers HTTP 500`,
    "webhook works again",
  ]);
});

it("waits as long as the server asks for", async () => {
  await using server = await receiver([[429, { "retry-after": "1" }]]);
  await using hook = await posting(server.url);
  await hook.sink.write(records(1)[0]!);
  const [first, second] = server.calls;
  expect(second!.time - first!.time).toBeGreaterThan(980);
});

it.each(["0", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"])(
  "does not storm a server that asks for %s",
  async (after) => {
    const busy = [503, { "retry-after": after }] as const;
    await using server = await receiver([[...busy], [...busy], [...busy]]);
    await using hook = await posting(server.url);
    await hook.sink.write(records(1)[0]!);
    const waits = server.calls.slice(1).map(({ time }, i) => time - server.calls[i]!.time);
    // Half of 250, 500 and 1000 milliseconds at least.
    expect(waits.map((wait, i) => wait > 120 * 2 ** i)).toEqual([true, true, true]);
  },
);

it("gives up what the server does not want, into a folder, and goes on", async () => {
  await using place = await scratch();
  await using server = await receiver([204, 422]);
  const hook = await posting(server.url, { deadLetters: place.path("dead") });
  const all = records(3);
  expect(await Promise.all(all.map((record) => hook.sink.write(record)))).toEqual([true, false, true]);
  await hook.sink.close();
  expect(hook.sink.stats).toMatchObject({ written: 2, dropped: 1 });
  expect(await readdir(place.path("dead"))).toEqual([`${all[1]!.id}.json`]);
  expect(JSON.parse(await readFile(place.path("dead", `${all[1]!.id}.json`), "utf8"))).toEqual(all[1]);
});

it("tries again when the server does not answer, or is not there yet", async () => {
  await using server = await receiver(["nothing"]);
  await using hook = await posting(server.url, { timeout: 100 });
  expect(await hook.sink.write(records(1)[0]!)).toBe(true);
  expect(hook.told[0]).toContain("no answer in time");
  const { port } = server;
  await server[Symbol.asyncDispose]();
  const arrived = Promise.all(records(3).map((record) => hook.sink.write(record)));
  await until(() => hook.sink.stats.problem !== null);
  expect(hook.sink.stats.problem).toContain("127.0.0.1");
  await using again = await receiver([], port);
  expect(await arrived).toEqual([true, true, true]);
  expect(sequences(again.calls)).toEqual([1, 2, 3]);
});

it("logs in as the URL says, and tells neither login nor token", async () => {
  await using server = await receiver([500]);
  const url = server.url.replace("//", "//me%40home:secret@");
  await using hook = await posting(url);
  await hook.sink.write(records(1)[0]!);
  expect(server.calls[0]!.headers.authorization).toBe(
    `Basic ${Buffer.from("me@home:secret").toString("base64")}`,
  );
  expect(hook.told).toHaveLength(2);
  expect(hook.told.join()).not.toMatch(/secret|hidden|me@/);
});

it.each([
  ["ftp://host", {}, /url: expected an address like https/],
  ["http://host", { secret: "password" }, /secret: expected at least 16 bytes in base64/],
  ["http://host", { headers: { "x y": "1" } }, /headers/],
  ["http://host", { headers: { x: "1\r\ny: 2" } }, /headers/],
])("refuses what means nothing: %s %j", async (url, options, problem) => {
  await expect(postToWebhook(url, options)).rejects.toThrow(problem);
});
