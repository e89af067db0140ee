import { readFile } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";
import { Example, freePort, post } from "./example.js";

let tiny: TinyModel;
let good: Buffer;

beforeAll(async () => {
  tiny = await tinyModel();
  good = await readFile(join(tiny.data, "test", "good", "0.png"));
});

afterAll(() => tiny[Symbol.asyncDispose]());

function resolves(name: string): boolean {
  try {
    return createRequire(import.meta.url).resolve(name) !== "";
  } catch {
    return false;
  }
}

const frameworks = [
  { name: "Fastify", file: "fastify/server.mjs", missing: false },
  { name: "Express", file: "express.mjs", missing: !resolves("express") },
];

describe("an inspector in a web framework", () => {
  for (const { name, file, missing } of frameworks) {
    it.skipIf(missing)(`${name}: answers, refuses what is no image, and ends when told`, async () => {
      await using example = new Example(file, [tiny.model]);
      const [[, url]] = await example.said(/Listening on (http\S+)/);
      expect(await post(`${url}/inspect`, good)).toMatchObject({ status: 200, body: { verdict: "good" } });
      expect(await post(`${url}/inspect`, new Uint8Array(9))).toMatchObject({
        status: 422,
        body: { error: { code: "ERR_UFLOW_BAD_IMAGE" } },
      });
      example.signal("SIGTERM");
      expect((await example.ended()).status).toBe(0);
    });
  }
});

/**
 * Posts the good image a hundred times a second at most, until told to stop; fetch() would try again by itself what a
 * server closed.
 */
async function hammer(url: string, agent: Agent, stop: AbortSignal): Promise<number[]> {
  const statuses: number[] = [];
  while (!stop.aborted) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { "Content-Type": "image/png", "Content-Length": good.length };
      request(url, { method: "POST", agent, headers }, resolve).on("error", reject).end(good);
    });
    response.resume();
    statuses.push(response.statusCode!);
    await delay(10);
  }
  return statuses;
}

describe("a cluster", () => {
  it("is restarted one by one without losing a request, and outlives a worker that dies", async () => {
    await using example = new Example("cluster.mjs", [tiny.model, "2"]);
    const listening = /Process (\d+) is listening on (http\S+)/;
    const first = await example.said(listening, 2);
    const stop = new AbortController();
    const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: false })];
    const clients = agents.map((agent) => hammer(`${first[0]![2]}/inspect`, agent, stop.signal));
    example.signal("SIGHUP");
    await example.said(/All workers are new/);
    stop.abort();
    const statuses = (await Promise.all(clients)).flat();
    expect(statuses.length).toBeGreaterThan(2);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const all = await example.said(listening, 4);
    expect(new Set(all.map(([, pid]) => pid)).size).toBe(4);
    process.kill(Number(all[3]![1]), "SIGKILL");
    await example.said(listening, 5);
    example.signal("SIGTERM");
    expect((await example.ended()).status).toBe(0);
  });

  it("ends when its model cannot be opened", async () => {
    await using example = new Example("cluster.mjs", [join(tiny.scratch, "none.uflow"), "2"]);
    expect((await example.ended()).output).toContain("none.uflow");
  });
});

describe("Node-RED", () => {
  it("starts with the nodes, their examples, and a flow that answers", async () => {
    const port = await freePort();
    const userDir = join(tiny.scratch, "node-red");
    await using example = new Example("node-red.mjs", [tiny.model, userDir], { PORT: `${port}` });
    await example.said(/Started flows/);
    const url = `http://127.0.0.1:${port}`;
    let answer = await post(`${url}/inspect`, good);
    // Its deadline may pass while the model is still being opened.
    while (answer.status === 503) answer = await post(`${url}/inspect`, good);
    expect(answer).toMatchObject({ status: 200, body: { verdict: "good" } });
    const nodes = await fetch(`${url}/nodes`, { headers: { Accept: "application/json" } });
    const known = (await nodes.json()) as { types: string[]; enabled: boolean; err?: string }[];
    const ours = known.filter(({ types }) => types.some((type) => type.startsWith("uflow-")));
    expect(ours).toMatchObject([{ enabled: true }, { enabled: true }]);
    expect(ours.filter(({ err }) => err)).toEqual([]);
    const library = await fetch(`${url}/library/examples/flows/`);
    expect(await library.json()).toContain("node-red-contrib-uflow");
    example.signal("SIGTERM");
    expect((await example.ended()).status).toBe(0);
  });
});
