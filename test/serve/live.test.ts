import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Result } from "#uflow/serve/api.js";
import { Live } from "#uflow/serve/live.js";
import { Results } from "#uflow/serve/results.js";

let results: Results;
let live: Live;
let server: Server;
let port: number;
let responses: ServerResponse[];

beforeEach(async () => {
  results = new Results({ count: 100, bytes: 2 ** 20 });
  live = new Live(results);
  responses = [];
  server = createServer((request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    responses.push(response);
    live.add(response, request.headers["last-event-id"] as string | undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(() => {
  live.close();
  server.closeAllConnections();
  server.close();
});

function result(id: string, text = ""): Result {
  return {
    id,
    time: "2026-01-01T00:00:00.000Z",
    station: "",
    model: { name: "disc", sha256: "0".repeat(64) },
    image: { name: text, width: 64, height: 64 },
    area: { x: 0, y: 0, width: 64, height: 64 },
    verdict: "good",
    anomalous: false,
    logNfa: 1,
    anomalyScore: 0.5,
    regions: [],
    meanEnergies: [1],
    timings: null,
  };
}

function happen(id: string, text = ""): void {
  const one = result(id, text);
  results.add(one, { image: new Uint8Array(1) });
  live.send("result", one);
}

/** Ids of results that a client gets. */
async function listen(last?: string) {
  const ids: string[] = [];
  const controller = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}`, {
    signal: controller.signal,
    headers: last === undefined ? {} : { "last-event-id": last },
  });
  const reading = (async () => {
    // A piece may end anywhere, so that its last line waits for the next one.
    let rest = "";
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith("id: ")) ids.push(line.slice(4));
    }
  })().catch(() => {});
  const end = async () => {
    controller.abort();
    await reading;
  };
  return { ids, end };
}

const until = (condition: () => boolean) => expect.poll(condition, { interval: 10 }).toBe(true);

it("tells all who listen", async () => {
  const clients = [await listen(), await listen()];
  await until(() => live.count === 2);
  happen("1");
  happen("2");
  for (const { ids } of clients) await until(() => `${ids}` === "1,2");
  for (const { end } of clients) await end();
  await until(() => live.count === 0);
});

it("goes on after the last event that a client has got", async () => {
  const first = await listen();
  await until(() => live.count === 1);
  happen("1");
  await until(() => first.ids.length === 1);
  await first.end();
  await until(() => live.count === 0);
  happen("2");
  happen("3");
  const second = await listen(first.ids.at(-1));
  await until(() => second.ids.length === 2);
  happen("4");
  await until(() => `${second.ids}` === "2,3,4");
  await second.end();
});

it("lets go of a client that reads too slowly, and of no other", async () => {
  const slow = connect(port, "127.0.0.1");
  slow.on("error", () => {});
  slow.pause();
  slow.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const fast = await listen();
  await until(() => live.count === 2);
  const text = "x".repeat(100_000);
  for (let i = 0; i < 200 && live.count === 2; i++) {
    happen(String(i), text);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(live.count).toBe(1);
  happen("last");
  await until(() => fast.ids.at(-1) === "last");
  await fast.end();
  slow.destroy();
});

it("ends though a client reads nothing", async () => {
  const stuck = connect(port, "127.0.0.1");
  const closed = new Promise((resolve) => stuck.on("error", () => {}).on("close", resolve));
  stuck.pause();
  stuck.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await until(() => live.count === 1);
  let unread = 0;
  for (let i = 0; i < 400 && unread === 0; i++) {
    happen(String(i), "x".repeat(50_000));
    await new Promise((resolve) => setTimeout(resolve, 1));
    unread = responses.at(-1)!.writableLength;
  }
  expect(unread).toBeGreaterThan(0);
  live.close();
  await until(() => live.count === 0);
  stuck.resume();
  await closed;
  live = new Live(results);
});

it("catches up no faster than a client reads, with all that is still kept", async () => {
  results = new Results({ count: 100, bytes: 2 ** 30 });
  live.close();
  live = new Live(results);
  for (let i = 100; i < 200; i++) happen(String(i), "x".repeat(100_000));
  const client = await listen("0");
  await until(() => client.ids.length === 100);
  happen("200");
  await until(() => client.ids.at(-1) === "200");
  expect(new Set(client.ids).size).toBe(101);
  await client.end();
});
