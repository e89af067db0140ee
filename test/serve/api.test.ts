import { copyFile, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Inspector, type Service, startService } from "#uflow/index.js";
import { type FrameRecord, openSink } from "#uflow/records/index.js";
import {
  driftAnswerSchema,
  inspectAnswerSchema,
  modelSchema,
  modelsAnswerSchema,
  type Result,
  resultsAnswerSchema,
  segmentationAnswerSchema,
  statsSchema,
} from "#uflow/serve/api.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
let service: Service;
let hole: Buffer;
let good: Buffer;

beforeAll(async () => {
  tiny = await tinyModel();
  service = await startService({
    models: [tiny.model],
    modelsFolder: dirname(tiny.model),
    port: 0,
    logLevel: "silent",
  });
  hole = await readFile(join(tiny.data, "test/hole/1.png"));
  good = await readFile(join(tiny.data, "test/good/0.png"));
});

afterAll(async () => {
  await service?.close();
  await tiny?.[Symbol.asyncDispose]();
});

const ask = (path: string, init?: RequestInit) => fetch(service.url + path, init);
const getJson = async (path: string) => (await ask(path)).json();

const post = (body: Buffer | FormData | Uint8Array, query = "", type?: string) =>
  ask(`/v1/inspect${query}`, {
    method: "POST",
    body: body as BodyInit,
    ...(body instanceof FormData ? {} : { headers: { "content-type": type ?? "image/png" } }),
  });

async function inspected(query = ""): Promise<Result> {
  return inspectAnswerSchema.parse(await (await post(hole, query)).json()).results[0]!;
}

function form(...files: [name: string, bytes: Uint8Array][]): FormData {
  const data = new FormData();
  for (const [name, bytes] of files) data.append("image", new Blob([new Uint8Array(bytes)]), name);
  return data;
}

const json = (method: string, body: unknown) => ({
  method,
  body: JSON.stringify(body),
  headers: { "content-type": "application/json" },
});

describe("POST /v1/inspect", () => {
  it("gives the verdict of the library", async () => {
    const answer = await (await post(hole, "?station=press&model=disc")).json();
    const { results } = inspectAnswerSchema.parse(answer);
    expect(results).toEqual(answer.results);
    await using inspector = await Inspector.open(tiny.model);
    const { verdict, anomalous, logNfa, anomalyScore, regions, meanEnergies, model } =
      await inspector.inspect(new Uint8Array(hole));
    expect(results[0]).toMatchObject({
      ...{ verdict, anomalous, logNfa, anomalyScore, regions, meanEnergies, station: "press" },
      model: { name: "disc", sha256: model },
      image: { name: "", width: 64, height: 64 },
      area: { x: 0, y: 0, width: 64, height: 64 },
    });
  });

  it("says which part of the image the maps cover, and what is undecided covers none", async () => {
    const region = { x: 8, y: 4, width: 40, height: 52 };
    const recorded: FrameRecord[] = [];
    const sink = openSink({
      ...{ name: "own", batchSize: 1, linger: 0, wanted: () => undefined, close: async () => {} },
      deliver: async (batch) => void recorded.push(...batch.map(({ record }) => record)),
    });
    const inspector = { region };
    const options = { models: [tiny.model], port: 0, logLevel: "silent", inspector, sinks: [sink] } as const;
    await using service = await startService(options);
    const send = (data: FormData) => fetch(`${service.url}/v1/inspect`, { method: "POST", body: data });
    const answer = await (await send(form(["a.png", hole], ["b.png", Buffer.from("no image")]))).json();
    const { results } = inspectAnswerSchema.parse(answer);
    expect(results.map(({ area }) => area)).toEqual([region, null]);
    expect(results[0]!.image).toMatchObject({ width: 64, height: 64 });
    const kept = await (await fetch(`${service.url}/v1/results/${results[0]!.id}`)).json();
    expect(kept.area).toEqual(region);
    await sink.flush();
    const areas = new Map(recorded.map(({ id, area }) => [id, area]));
    expect(results.map(({ id }) => areas.get(id))).toEqual([region, null]);
  });

  it("takes many images in a form, keeps their order and names, and says which it cannot read", async () => {
    const response = await post(
      form(["a.png", hole], ["broken.png", Buffer.from("no image")], ["b.png", good]),
    );
    expect(response.status).toBe(200);
    const { results } = inspectAnswerSchema.parse(await response.json());
    expect(results.map(({ image }) => image.name)).toEqual(["a.png", "broken.png", "b.png"]);
    expect(results[1]).toMatchObject({
      verdict: "undecided",
      logNfa: null,
      error: { code: "ERR_UFLOW_BAD_IMAGE" },
    });
    expect(results[1]).not.toHaveProperty("anomalous");
    expect(results[0]!.verdict).not.toBe("undecided");
  });

  it("takes a file without a name, and says of a field that it is no file", async () => {
    const part = (headers: string) =>
      Buffer.concat([
        Buffer.from(`--b\r\nContent-Disposition: form-data; name="image"${headers}\r\n\r\n`),
        good,
        Buffer.from("\r\n--b--\r\n"),
      ]);
    const type = "multipart/form-data; boundary=b";
    const nameless = await post(part("\r\nContent-Type: application/octet-stream"), "", type);
    const { results } = inspectAnswerSchema.parse(await nameless.json());
    expect(results[0]!.image.name).toBe("");
    const field = await post(part(""), "", type);
    expect(field.status).toBe(400);
    expect((await field.json()).error.message).toMatch(/a field that is no file/);
  });

  it("answers with an error where no image can be read", async () => {
    const response = await post(form(["a.png", Buffer.from("a")], ["b.png", Buffer.from("b")]));
    expect(response.status).toBe(422);
    expect((await response.json()).error.code).toBe("ERR_UFLOW_BAD_IMAGE");
  });

  it("sends pictures and maps where they are asked for", async () => {
    const response = await post(form(["a.png", hole], ["b.png", good]), "?parts=overlay,lognfa");
    expect(response.headers.get("content-type")).toMatch(/^multipart\/mixed; boundary=/);
    const parts = partsOf(Buffer.from(await response.arrayBuffer()));
    expect(parts.map(({ name }) => name)).toEqual([
      "results.json",
      "0.overlay.png",
      "0.lognfa.npy",
      "1.overlay.png",
      "1.lognfa.npy",
    ]);
    const { results } = inspectAnswerSchema.parse(JSON.parse(parts[0]!.bytes.toString()));
    expect((await sharp(parts[1]!.bytes).metadata()).width).toBe(64);
    const map = new Float32Array(
      parts[2]!.bytes.buffer.slice(...rangeOf(parts[2]!.bytes.subarray(-64 * 64 * 4))),
    );
    expect(Math.min(...map)).toBeCloseTo(results[0]!.logNfa!, 4);
  });
});

function rangeOf({ byteOffset, byteLength }: Uint8Array): [number, number] {
  return [byteOffset, byteOffset + byteLength];
}

/** By the lengths that each part tells. */
function partsOf(body: Buffer): { name: string; bytes: Buffer }[] {
  const parts = [];
  for (let at = 0; body.indexOf("\r\n\r\n", at) > 0; ) {
    const end = body.indexOf("\r\n\r\n", at) + 4;
    const head = body.toString("utf8", at, end);
    const length = Number(/Content-Length: (\d+)/.exec(head)![1]);
    parts.push({ name: /filename="(.*)"/.exec(head)![1]!, bytes: body.subarray(end, end + length) });
    at = end + length;
  }
  return parts;
}

describe("GET /v1/results", () => {
  it("lists newest first, filtered, page by page", async () => {
    const ids: string[] = [];
    for (const station of ["left", "right", "left"]) ids.unshift((await inspected(`?station=${station}`)).id);
    const list = async (query: string) =>
      resultsAnswerSchema.parse(await getJson(`/v1/results?${query}`)).results.map(({ id }) => id);
    expect(await list("limit=3")).toEqual(ids);
    expect(await list("station=left&limit=2")).toEqual([ids[0], ids[2]]);
    expect(await list(`before=${ids[0]}&limit=1`)).toEqual([ids[1]]);
    expect(await list("model=another")).toEqual([]);
    expect(await list("verdict=undecided&station=left")).toEqual([]);
  });

  it("gives one, and its pictures", async () => {
    const result = await inspected();
    const path = `/v1/results/${result.id}`;
    expect(await getJson(path)).toEqual(result);
    const widthOf = async (name: string) => {
      const response = await ask(`${path}/${name}`);
      expect(response.headers.get("content-type")).toBe(name.includes(".jpg") ? "image/jpeg" : "image/png");
      return (await sharp(Buffer.from(await response.arrayBuffer())).metadata()).width;
    };
    expect(await widthOf("image.jpg")).toBe(64);
    expect(await widthOf("image.jpg?side=16")).toBe(16);
    expect(await widthOf("overlay.png")).toBe(64);
    expect(await widthOf("mask.png")).toBe(64);
    expect(await widthOf("heat.png")).toBe(64);
    const map = Buffer.from(await (await ask(`${path}/anomaly.npy`)).arrayBuffer());
    expect(map.toString("latin1", 1, 6)).toBe("NUMPY");
    expect(map.length).toBeGreaterThan(64 * 64 * 4);
  });

  it("has no overlay of an image that could not be read", async () => {
    await post(Buffer.from("no image"));
    const { results } = await getJson("/v1/results?verdict=undecided&limit=1");
    expect((await ask(`/v1/results/${results[0].id}/overlay.png`)).status).toBe(404);
    expect((await ask(`/v1/results/${results[0].id}/image.jpg`)).status).toBe(422);
  });

  it("segments again by another ε, as an inspection by it does", async () => {
    const { id, logNfa } = await inspected();
    const segmented = async (query: string) =>
      segmentationAnswerSchema.parse(await getJson(`/v1/results/${id}/segmentation?${query}`));
    const looser = await segmented(`logEpsilon=${logNfa! + 2}`);
    await using inspector = await Inspector.open(tiny.model, { epsilon: 10 ** (logNfa! + 2) });
    const { regions } = await inspector.inspect(new Uint8Array(hole));
    expect(looser.anomalous).toBe(true);
    expect(looser.regions).toEqual(regions);
    expect(await segmented(`epsilon=${10 ** (logNfa! - 1)}`)).toMatchObject({
      anomalous: false,
      regions: [],
    });
    expect((await ask(`/v1/results/${id}/segmentation`)).status).toBe(400);
  });
});

describe("/v1/models", () => {
  it("lists, loads, swaps and unloads", async () => {
    const before = modelsAnswerSchema.parse(await getJson("/v1/models"));
    expect(before.models.map(({ name }) => name)).toEqual(["disc"]);
    expect(before.files).toEqual(["disc.uflow"]);
    const loaded = await ask("/v1/models", json("POST", { name: "second", file: "disc.uflow" }));
    expect(modelSchema.parse(await loaded.json())).toMatchObject({ name: "second", mapSize: 64 });
    expect((await post(hole)).status).toBe(400);
    expect((await post(hole, "?model=second")).status).toBe(200);
    const again = await ask("/v1/models", json("POST", { name: "second", file: "disc.uflow" }));
    expect(again.status).toBe(409);
    const swapped = await ask("/v1/models/second", json("PUT", { file: "disc.uflow" }));
    expect((await swapped.json()).since > before.models[0]!.since).toBe(true);
    expect((await ask("/v1/models/second", { method: "DELETE" })).status).toBe(204);
    expect((await ask("/v1/models/second")).status).toBe(404);
    expect((await post(hole, "?model=second")).status).toBe(404);
    expect((await post(hole)).status).toBe(200);
  });

  it.each([
    ["../disc.uflow", 400],
    ["..\\disc.uflow", 400],
    ["/etc/passwd", 400],
    [".hidden.uflow", 400],
    ["disc/disc.uflow", 400],
    ["disc.uflow\0.uflow", 400],
    ["none.uflow", 404],
    ["out.uflow", 404],
    ["folder.uflow", 404],
    ["broken.uflow", 422],
  ])("opens no file %j", async (file, status) => {
    const { symlink, writeFile } = await import("node:fs/promises");
    const folder = dirname(tiny.model);
    await symlink("/etc/passwd", join(folder, "out.uflow")).catch(() => {});
    await mkdir(join(folder, "folder.uflow"), { recursive: true });
    await writeFile(join(folder, "broken.uflow"), "no model");
    expect((await ask("/v1/models", json("POST", { name: "x", file }))).status).toBe(status);
    expect((await ask("/v1/models/disc", json("PUT", { file }))).status).toBe(status);
    expect((await post(hole, "?model=disc")).status).toBe(200);
  });
});

it("a model of the start is called as its file is, whatever that is called", async () => {
  const folder = join(dirname(tiny.model), "named");
  const name = "Flasche 1 (ö)";
  await mkdir(folder, { recursive: true });
  await copyFile(tiny.model, join(folder, `${name}.uflow`));
  const models = [tiny.model, join(folder, `${name}.uflow`)];
  await using named = await startService({ models, modelsFolder: folder, port: 0, logLevel: "silent" });
  const inUrl = encodeURIComponent(name);
  for (const address of [`/v1/models/${inUrl}`, `/v1/results?model=${inUrl}`, `/v2/models/${inUrl}`]) {
    expect((await fetch(named.url + address)).status).toBe(200);
  }
  const headers = { "content-type": "image/png" };
  const body = new Uint8Array(good);
  const response = await fetch(`${named.url}/v1/inspect?model=${inUrl}`, { method: "POST", headers, body });
  expect((await response.json()).results[0].model.name).toBe(name);
  const swapped = await fetch(`${named.url}/v1/models/${inUrl}`, json("PUT", { file: `${name}.uflow` }));
  expect(swapped.status).toBe(200);
});

describe("how it fares", () => {
  it("is told to people and programs", async () => {
    await inspected("?station=a%22b");
    const stats = await getJson("/v1/stats");
    expect(statsSchema.parse(stats)).toEqual(stats);
    expect(stats.models.disc.good + stats.models.disc.anomalous).toBeGreaterThan(0);
    const drift = await getJson("/v1/drift");
    expect(driftAnswerSchema.parse(drift)).toEqual(drift);
    expect(drift.models[0]).toMatchObject({ model: "disc", state: "unknown" });
    expect(await (await ask("/healthz")).text()).toBe("ok\n");
    expect(await getJson("/readyz")).toEqual({ ready: true });
  });

  it("is told to Prometheus, with a bounded number of stations", async () => {
    for (let i = 0; i < 110; i++) await inspected(`?station=many-${i}`);
    const text = await (await ask("/metrics")).text();
    expect(text).toMatch(/^uflow_inspections_total\{model="disc",station="many-1",verdict="\w+"\} 1$/m);
    expect(text).not.toContain("many-109");
    expect(text).toContain('station="(others)"');
    for (const name of [
      "uflow_queue_depth",
      "nodejs_eventloop_lag_seconds",
      "process_resident_memory_bytes",
    ]) {
      expect(text).toMatch(new RegExp(`^${name}`, "m"));
    }
    expect(text).toMatch(/^uflow_inspection_seconds_count\{model="disc",phase="network"\} \d+$/m);
  });
});

describe("GET /openapi.json", () => {
  it("describes every route, and refers to nothing that is not there", async () => {
    const document = await getJson("/openapi.json");
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        "/v1/inspect",
        "/v1/results",
        "/v1/results/{id}",
        "/v1/results/{id}/{picture}",
        "/v1/results/{id}/segmentation",
        "/v1/live",
        "/v1/models",
        "/v1/models/{name}",
        "/v1/stats",
        "/v1/drift",
        "/v1/session",
        "/metrics",
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/{name}",
        "/v2/models/{name}/ready",
        "/v2/models/{name}/infer",
        "/v2/models/{name}/versions/{version}/infer",
      ]),
    );
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(new Set(names).size).toBeGreaterThan(5);
    for (const name of names) expect(document.components.schemas).toHaveProperty(name!);
    expect(text).not.toContain("$defs");
    expect(document.components.schemas.Result.required).toContain("area");
    const failureOf = (path: string) =>
      document.paths[path].get.responses.default.content["application/json"].schema.$ref;
    expect(failureOf("/v1/results")).toMatch(/\/Failure$/);
    expect(failureOf("/v2")).toMatch(/\/InferFailure$/);
    // A client may send more than what is named.
    expect(document.components.schemas.InferRequest).not.toHaveProperty("additionalProperties", false);
  });
});

describe("GET /", () => {
  it("shows a page that may load from here only", async () => {
    const response = await ask("/");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'self'/);
    expect(response.headers.get("access-control-allow-origin")).toBe(null);
  });
});
