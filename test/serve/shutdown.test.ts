import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FrameRecord, openAuditStore, type Verification } from "#uflow/records/index.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";
import { type Answered, inspect } from "./client.js";
import { main, serve } from "./served.js";

let tiny: TinyModel;
let image: Buffer;

beforeAll(async () => {
  tiny = await tinyModel();
  image = await readFile(join(tiny.data, "test/good/0.png"));
});

afterAll(() => tiny?.[Symbol.asyncDispose]());

const statsOf = async (url: string) => (await fetch(`${url}/v1/stats`)).json();

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

it("answers all that it has accepted when it is asked to end", async () => {
  await using served = await serve(tiny.model);
  const { url, child, ended } = served;
  const agent = new Agent({ keepAlive: true });
  const live = await fetch(`${url}/v1/live`);
  const answers = Array.from({ length: 200 }, () => inspect(url, image, agent));
  await until(async () => (await statsOf(url)).models.disc.accepted === 200);
  child.kill("SIGTERM");
  const all = await Promise.all(answers);
  expect(all.map(({ status }) => status)).toEqual(Array(200).fill(200));
  for (const { body } of all) expect(body.results[0]!.verdict).toMatch(/^(good|anomalous)$/);
  await live.text();
  expect(await ended).toEqual([0, null]);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});

/** What clients got that asked again as soon as they were answered, until the service was gone. */
interface Load {
  answers: Answered[];
  /** Codes of requests without an answer: of each client the last one. */
  errors: string[];
  done: Promise<unknown>;
}

function load(url: string, clients: number): Load {
  const agent = new Agent({ keepAlive: true });
  const [answers, errors]: [Answered[], string[]] = [[], []];
  const client = async () => {
    try {
      for (;;) answers.push(await inspect(url, image, agent));
    } catch (error) {
      errors.push((error as NodeJS.ErrnoException).code ?? String(error));
    }
  };
  const done = Promise.all(Array.from({ length: clients }, client)).then(() => agent.destroy());
  return { answers, errors, done };
}

async function recordsIn(path: string): Promise<{ records: FrameRecord[]; found: Verification }> {
  await using store = await openAuditStore(path, { create: false });
  const records: FrameRecord[] = [];
  for await (const record of store.list()) records.push(record);
  return { records, found: await store.verify() };
}

const answeredIds = ({ answers }: Load) =>
  answers.filter(({ status }) => status === 200).map(({ body }) => body.results[0]!.id);

/** The service is gone: a connection that it closed or does not take. */
const gone = /^(ECONNREFUSED|ECONNRESET|EPIPE)$/;

it("that is asked to end under load has a record of each frame that it answered, and of no other", async () => {
  const audit = join(tiny.scratch, "terminated.audit");
  await using served = await serve(tiny.model, "--audit", audit);
  const load32 = load(served.url, 32);
  await until(async () => load32.answers.length > 300);
  served.child.kill("SIGTERM");
  await load32.done;
  expect(await served.ended).toEqual([0, null]);
  for (const { status, body } of load32.answers) {
    if (status === 200) expect(body.results[0]!.verdict).toMatch(/^(good|anomalous)$/);
    else expect({ status, code: body.error!.code }).toEqual({ status: 503, code: "ERR_UFLOW_CLOSED" });
  }
  expect(load32.errors).toHaveLength(32);
  for (const code of load32.errors) expect(code).toMatch(gone);
  const { records, found } = await recordsIn(audit);
  expect(found).toMatchObject({ intact: true, neverArrived: 0 });
  expect(records.map(({ id }) => id).sort()).toEqual(answeredIds(load32).sort());
});

it("that is killed under load has lost the end of its records only: what it had told is there, in a whole chain", async () => {
  const audit = join(tiny.scratch, "killed.audit");
  let before = 0;
  for (let run = 0; run < 3; run++) {
    await using served = await serve(tiny.model, "--audit", audit);
    const load32 = load(served.url, 32);
    let written = 0;
    await until(async () => {
      written = (await statsOf(served.url)).sinks[0].written;
      return written >= 100;
    });
    served.child.kill("SIGKILL");
    await load32.done;
    expect(await served.ended).toEqual([null, "SIGKILL"]);
    const { records, found } = await recordsIn(audit);
    expect(found).toMatchObject({ intact: true, problems: [], neverArrived: 0 });
    expect(records.length).toBeGreaterThanOrEqual(before + written);
    expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_, i) => i + 1));
    const last = records.at(-1)!.id;
    const recorded = new Set(records.map(({ id }) => id));
    for (const id of answeredIds(load32)) expect(recorded.has(id)).toBe(id <= last);
    before = records.length;
  }
});

it("ends in time though a client sends for ever, and says that not all was answered", async () => {
  await using served = await serve(tiny.model, "--shutdown-timeout", "300");
  const { url, child, ended } = served;
  const headers = { "content-type": "image/png", "content-length": 1000 };
  const asked = request(`${url}/v1/inspect`, { method: "POST", headers });
  asked.on("error", () => {});
  asked.write("x");
  await until(async () => !(await (await fetch(`${url}/metrics`)).text()).includes("uflow_body_bytes 0\n"));
  child.kill("SIGTERM");
  expect(await ended).toEqual([1, null]);
});

it("sends a long answer to its end, however slowly it is read, when it is asked to end", async () => {
  await using served = await serve(tiny.model);
  const { url, child, ended } = served;
  const data = Array(64).fill(image.toString("base64"));
  const asked = JSON.stringify({ inputs: [{ name: "image", datatype: "BYTES", shape: [64], data }] });
  const headers = { "content-type": "application/json", "content-length": asked.length };
  const sent = request(`${url}/v2/models/disc/infer`, { method: "POST", headers });
  sent.end(asked);
  const [response] = await once(sent, "response");
  expect(Number(response.headers["content-length"])).toBeGreaterThan(8e6);
  child.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { outputs } = JSON.parse(await text(response));
  expect(outputs).toHaveLength(6);
  expect(await ended).toEqual([0, null]);
});

it("goes on when nobody reads its log any more", async () => {
  await using served = await serve(tiny.model, "--log-level", "info");
  served.child.stderr!.destroy();
  for (let i = 0; i < 3; i++) expect((await fetch(`${served.url}/v1/nothing`)).status).toBe(404);
  expect((await inspect(served.url, image, new Agent())).status).toBe(200);
  served.child.kill("SIGTERM");
  expect(await served.ended).toEqual([0, null]);
});

it("says that a port is taken", async () => {
  await using served = await serve(tiny.model);
  const second = spawn(process.execPath, [main, "serve", tiny.model, "--port", new URL(served.url).port]);
  const said = text(second.stderr);
  expect(await once(second, "exit")).toEqual([2, null]);
  expect(await said).toMatch(/--port: cannot listen at 127\.0\.0\.1: port \d+ is taken/);
});
