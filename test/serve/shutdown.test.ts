import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";
import { inspect } from "./client.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
let tiny: TinyModel;
let image: Buffer;
let child: ChildProcess;

beforeAll(async () => {
  tiny = await tinyModel();
  image = await readFile(join(tiny.data, "test/good/0.png"));
});

afterEach(() => child?.kill("SIGKILL"));
afterAll(() => tiny?.[Symbol.asyncDispose]());

/** The command in a process of its own. @returns where it listens */
async function serve(...flags: string[]): Promise<string> {
  const args = [main, "serve", tiny.model, "--port", "0", "--log-level", "silent", ...flags];
  child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  for await (const line of createInterface(child.stderr!)) {
    const [, url] = /^Open (.*)\/$/.exec(line) ?? [];
    if (url) return url;
  }
  throw new Error("The service did not start");
}

const accepted = async (url: string) => (await (await fetch(`${url}/v1/stats`)).json()).models.disc.accepted;

it("answers all that it has accepted when it is asked to end", async () => {
  const url = await serve();
  const agent = new Agent({ keepAlive: true });
  const live = await fetch(`${url}/v1/live`);
  const answers = Array.from({ length: 200 }, () => inspect(url, image, agent));
  const ended = once(child, "exit");
  while ((await accepted(url)) < 200) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill("SIGTERM");
  const all = await Promise.all(answers);
  expect(all.map(({ status }) => status)).toEqual(Array(200).fill(200));
  for (const { body } of all) expect(body.results[0]!.verdict).toMatch(/^(good|anomalous)$/);
  await live.text();
  expect(await ended).toEqual([0, null]);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});

it("ends in time though a client sends for ever, and says that not all was answered", async () => {
  const url = await serve("--shutdown-timeout", "300");
  const headers = { "content-type": "image/png", "content-length": 1000 };
  const asked = request(`${url}/v1/inspect`, { method: "POST", headers });
  asked.on("error", () => {});
  asked.write("x");
  while ((await (await fetch(`${url}/metrics`)).text()).includes("uflow_body_bytes 0\n")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([1, null]);
});

it("says that a port is taken", async () => {
  const url = await serve();
  const second = spawn(process.execPath, [main, "serve", tiny.model, "--port", new URL(url).port]);
  const said = text(second.stderr);
  expect(await once(second, "exit")).toEqual([2, null]);
  expect(await said).toMatch(/--port: cannot listen at 127\.0\.0\.1: port \d+ is taken/);
});
