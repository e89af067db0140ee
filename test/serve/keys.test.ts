import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newKey, type Service, startService } from "#uflow/index.js";
import { Keys } from "#uflow/serve/keys.js";

let folder: string;
let service: Service;
const press = newKey("press-3");
const lab = newKey("lab");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-keys-"));
  const apiKeys = join(folder, "keys");
  await writeFile(apiKeys, `# who may ask\n${press.line}\n\n${lab.line} # the laboratory\n`);
  service = await startService({ models: [], modelsFolder: folder, port: 0, apiKeys, logLevel: "silent" });
});

afterAll(async () => {
  await service?.close();
  await rm(folder, { recursive: true });
});

const ask = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  fetch(service.url + path, { ...init, headers });

describe("keys", () => {
  it("are drawn at random, and files have their hashes only", () => {
    expect(newKey("lab").key).not.toBe(lab.key);
    expect(lab.key).toMatch(/^uflow_[\w-]{43}$/);
    expect(lab.line).toMatch(/^lab sha256:[0-9a-f]{64}$/);
    expect(() => newKey("a b")).toThrow(expect.objectContaining({ code: "ERR_UFLOW_BAD_OPTION" }));
  });

  it.each([
    ["no key", "# nothing\n", /has no key/],
    ["a key in place of its hash", `lab ${lab.key}\n`, /line 1/],
    ["half a hash", `${lab.line}\nlab sha256:abc\n`, /line 2/],
  ])("are refused as a file with %s", async (_, text, message) => {
    const path = join(folder, "wrong");
    await writeFile(path, text);
    await expect(Keys.read(path)).rejects.toThrow(message);
  });

  it("have a file that exists", async () => {
    await expect(Keys.read(join(folder, "none"))).rejects.toThrow(/uflow key/);
  });
});

describe("a service with keys", () => {
  it("answers to whoever brings one", async () => {
    expect((await ask("/v1/stats", { authorization: `Bearer ${press.key}` })).status).toBe(200);
    expect((await ask("/v1/stats", { "x-api-key": lab.key })).status).toBe(200);
  });

  it.each([
    ["no key", {}],
    ["another key", { authorization: `Bearer ${newKey("press-3").key}` }],
    ["the hash", { "x-api-key": lab.line.slice(11) }],
    ["a password", { authorization: `Basic ${btoa(`press-3:${press.key}`)}` }],
    ["an empty one", { authorization: "Bearer " }],
    ["a made-up session", { cookie: "uflow_session=abc" }],
    ["an empty session", { cookie: "uflow_session=" }],
  ])("turns away whoever brings %s", async (_, headers) => {
    for (const path of ["/v1/stats", "/v1/results", "/v1/live", "/metrics", "/v2"]) {
      expect((await ask(path, headers as Record<string, string>)).status).toBe(401);
    }
  });

  it("lets everybody ask whether it lives", async () => {
    expect((await ask("/healthz")).status).toBe(200);
    expect((await ask("/")).status).toBe(200);
    expect((await ask("/readyz")).status).toBe(503);
    expect((await ask("/v2/health/live")).status).toBe(200);
  });

  it("gives pages a session", async () => {
    const begin = (key: string) =>
      ask(
        "/v1/session",
        { "content-type": "application/json" },
        { method: "POST", body: JSON.stringify({ key }) },
      );
    expect((await begin("uflow_wrong")).status).toBe(401);
    const begun = await begin(press.key);
    expect(await begun.json()).toEqual({ name: "press-3" });
    const [cookie] = begun.headers.getSetCookie();
    expect(cookie).toMatch(/^uflow_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    const headers = { cookie: `other=1; ${cookie!.split(";")[0]}` };
    expect((await ask("/v1/stats", headers)).status).toBe(200);
    expect(await (await ask("/v1/session", headers)).json()).toEqual({ name: "press-3" });
    expect((await ask("/v1/session", headers, { method: "DELETE" })).status).toBe(204);
    expect((await ask("/v1/stats", headers)).status).toBe(401);
    expect((await ask("/v1/session")).status).toBe(401);
  });
});

describe("other origins", () => {
  it("may read answers where one is named, and with a key", async () => {
    const options = {
      models: [],
      modelsFolder: folder,
      port: 0,
      logLevel: "silent",
      cors: "https://mes.example",
    } as const;
    await using open = await startService(options);
    const preflight = { "access-control-request-method": "POST" };
    const allowed = async (origin: string, method = "GET", more = {}) =>
      (await fetch(`${open.url}/v1/stats`, { method, headers: { origin, ...more } })).headers.get(
        "access-control-allow-origin",
      );
    expect(await allowed("https://mes.example")).toBe("https://mes.example");
    expect(await allowed("https://mes.example", "OPTIONS", preflight)).toBe("https://mes.example");
    expect(await allowed("https://mes.example.evil")).toBe(null);
    const status = async (headers: Record<string, string>) => (await raw(open.url, headers)).statusCode;
    const { host } = new URL(open.url);
    expect(await status({ host })).toBe(200);
    expect(await status({ host: "localhost:1" })).toBe(200);
    expect(await status({ host, origin: `http://${host}` })).toBe(200);
    expect(await status({ host, origin: "https://mes.example" })).toBe(200);
    expect(await status({ host, origin: "https://elsewhere.example" })).toBe(403);
    expect(await status({ host, origin: "null" })).toBe(403);
    for (const name of ["elsewhere.example", "127.0.0.1.elsewhere.example", "localhost.evil", "[::2]"]) {
      expect(await status({ host: name })).toBe(403);
    }
    await expect(startService({ ...options, cors: "*" })).rejects.toThrow(/origin/);
  });
});

/** A request whose Host may be anything. */
function raw(url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${url}/v1/stats`, { headers }, (response) => resolve(response.resume())).on("error", reject);
  });
}
