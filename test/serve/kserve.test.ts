import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "#uflow/bundle/write.js";
import { type Inspection, Inspector, type Service, startService } from "#uflow/index.js";
import { JsonThread } from "#uflow/serve/kserve/json-thread.js";
import { outputTensors } from "#uflow/serve/kserve/outputs.js";
import { inferAnswerSchema } from "#uflow/serve/kserve/schemas.js";
import { inputSize, randomModel } from "../fixtures/random-model.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
let service: Service;
let file: Buffer;
let pixels: Buffer;
let expected: Inspection;

beforeAll(async () => {
  tiny = await tinyModel();
  file = await readFile(join(tiny.data, "test/hole/1.png"));
  pixels = await sharp(file).toColourspace("b-w").raw().toBuffer();
  await using inspector = await Inspector.open(tiny.model);
  expected = await inspector.inspect(new Uint8Array(file));
  service = await startService({ models: [tiny.model], port: 0, logLevel: "silent" });
});

afterAll(async () => {
  await service?.close();
  await tiny?.[Symbol.asyncDispose]();
});

const get = (path: string) => fetch(service.url + path);

function infer(body: unknown, binary: readonly Uint8Array[] = [], headers: Record<string, string> = {}) {
  const json = Buffer.from(JSON.stringify(body));
  const typed =
    binary.length === 0
      ? { "content-type": "application/json" }
      : {
          "content-type": "application/octet-stream",
          "inference-header-content-length": String(json.length),
        };
  return fetch(`${service.url}/v2/models/disc/infer`, {
    method: "POST",
    headers: { ...typed, ...headers },
    body: Buffer.concat([json, ...binary]),
  });
}

const filesInput = (...files: Buffer[]) => ({
  name: "image",
  datatype: "BYTES",
  shape: [files.length],
  data: files.map((bytes) => bytes.toString("base64")),
});

const pixelsInput = (shape = [64, 64, 1], data: unknown = [...pixels]) => ({
  name: "image",
  datatype: "UINT8",
  shape,
  data,
});

describe("the open inference protocol", () => {
  it("says what there is", async () => {
    expect(await (await get("/v2")).json()).toMatchObject({
      name: "uflow",
      extensions: ["binary_tensor_data"],
    });
    expect(await (await get("/v2/health/live")).json()).toEqual({ live: true });
    expect(await (await get("/v2/health/ready")).json()).toEqual({ live: true, ready: true });
    expect(await (await get("/v2/models/disc/ready")).json()).toEqual({ name: "disc", ready: true });
    const metadata = await (await get("/v2/models/disc")).json();
    expect(metadata.versions).toEqual([expected.model]);
    expect(metadata.outputs).toContainEqual({ name: "mask", datatype: "UINT8", shape: [-1, 64, 64] });
    expect(metadata.outputs).toContainEqual({ name: "log_nfa", datatype: "FP64", shape: [-1] });
  });

  it("knows a model by its version, too, and no other version", async () => {
    const { versions, ...metadata } = await (await get("/v2/models/disc")).json();
    const address = `/v2/models/disc/versions/${versions[0]}`;
    expect(await (await get(address)).json()).toEqual({ ...metadata, versions });
    expect((await get(`${address}/ready`)).status).toBe(200);
    const asked = { inputs: [filesInput(file)], outputs: [{ name: "log_nfa" }] };
    const response = await fetch(`${service.url}${address}/infer`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(asked),
    });
    expect((await response.json()).outputs[0].data).toEqual([expected.logNfa]);
    const other = await get(`/v2/models/disc/versions/${"0".repeat(64)}`);
    expect(other.status).toBe(404);
    expect(await other.json()).toEqual({ error: expect.stringContaining(versions[0]) });
  });

  it("has errors of one form, of addresses that cannot be read too", async () => {
    const response = await get("/v2/models/%ZZ");
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });

  it("takes image files as base64, and gives all outputs", async () => {
    const answer = await (await infer({ id: "7", inputs: [filesInput(file, file)] })).json();
    const { id, model_name, model_version, outputs } = inferAnswerSchema.parse(answer);
    expect({ id, model_name, model_version }).toEqual({
      id: "7",
      model_name: "disc",
      model_version: expected.model,
    });
    const data = Object.fromEntries(outputs.map((output) => [output.name, output]));
    expect(data.log_nfa).toEqual({
      name: "log_nfa",
      datatype: "FP64",
      shape: [2],
      data: [expected.logNfa, expected.logNfa],
    });
    expect(data.anomalous!.data).toEqual([expected.anomalous, expected.anomalous]);
    expect(data.anomaly_score!.data![0]).toBe(Math.fround(expected.anomalyScore));
    expect(data.anomaly_map!.shape).toEqual([2, 64, 64]);
    const map = [...expected.anomalyMap.data];
    expect(data.anomaly_map!.data).toEqual([...map, ...map]);
  });

  it.each([
    ["[height, width, channels]", () => pixelsInput()],
    ["[1, height, width, channels]", () => pixelsInput([1, 64, 64, 1])],
    [
      "nested lists",
      () =>
        pixelsInput(
          [64, 64, 1],
          Array.from({ length: 64 }, (_, y) => Array.from(pixels.subarray(y * 64, y * 64 + 64), (v) => [v])),
        ),
    ],
  ])("takes pixels as %s", async (_, input) => {
    const answer = await (await infer({ inputs: [input()], outputs: [{ name: "log_nfa" }] })).json();
    expect(answer.outputs).toHaveLength(1);
    expect(answer.outputs[0].data).toEqual([expected.logNfa]);
  });

  it("takes and gives binary data", async () => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(file.length);
    const input = {
      name: "image",
      datatype: "BYTES",
      shape: [1],
      parameters: { binary_data_size: 4 + file.length },
    };
    const outputs = [
      { name: "log_nfa" },
      { name: "mask", parameters: { binary_data: true } },
      { name: "log_nfa_map", parameters: { binary_data: true } },
    ];
    const response = await infer({ inputs: [input], outputs }, [length, file]);
    const body = Buffer.from(await response.arrayBuffer());
    const jsonLength = Number(response.headers.get("inference-header-content-length"));
    const answer = inferAnswerSchema.parse(JSON.parse(body.toString("utf8", 0, jsonLength)));
    expect(answer.outputs.map(({ parameters }) => parameters?.binary_data_size)).toEqual([
      undefined,
      4096,
      16384,
    ]);
    const mask = body.subarray(jsonLength, jsonLength + 4096);
    expect(mask.equals(Buffer.from(expected.mask.data))).toBe(true);
    const map = new Float32Array(body.buffer.slice(body.byteOffset + jsonLength + 4096));
    expect(map).toEqual(expected.logNfaMap.data);
  });

  it("takes pixels as binary data", async () => {
    const { data, ...input } = pixelsInput();
    const sized = { ...input, parameters: { binary_data_size: pixels.length } };
    const answer = await (await infer({ inputs: [sized], outputs: [{ name: "log_nfa" }] }, [pixels])).json();
    expect(answer.outputs[0].data).toEqual([expected.logNfa]);
  });
});

describe("a long request", () => {
  const long = Array(64 * 64 * 16).fill(200);

  it("of JSON and its long answer are as short ones", async () => {
    const shape = [256, 256, 1];
    const answer = await (await infer({ inputs: [pixelsInput(shape, long)] })).json();
    const { outputs } = inferAnswerSchema.parse(answer);
    await using inspector = await Inspector.open(tiny.model);
    const frame = { data: Uint8Array.from(long), width: 256, height: 256, channels: 1 };
    const { logNfa, mask, anomalyMap } = await inspector.inspect(frame);
    const data = Object.fromEntries(outputs.map((output) => [output.name, output.data]));
    expect(data.log_nfa).toEqual([logNfa]);
    expect(data.mask).toEqual([...mask.data]);
    expect(data.anomaly_map).toEqual([...anomalyMap.data]);
  });

  it.each<[string, unknown, number, RegExp]>([
    ["pixels of 256", { inputs: [pixelsInput([256, 256, 1], [...long.slice(1), 256])] }, 400, /0 to 255/],
    ["another name", { inputs: [{ ...pixelsInput([256, 256, 1], long), name: "x" }] }, 400, /inputs.0.name/],
    ["too many images", { inputs: [pixelsInput([65_536, 1, 1, 1], long)] }, 413, /More than 64 images/],
    [
      "much beside its images",
      { inputs: [pixelsInput([1, 1, 1], [1])], parameters: { long } },
      400,
      /beside/,
    ],
  ])("with %s is refused as a short one", async (_, body, status, problem) => {
    const response = await infer(body);
    const { error } = await response.json();
    expect({ status: response.status, error }).toEqual({ status, error: expect.stringMatching(problem) });
  });

  it("is read by a thread, to which its memory goes", async () => {
    const json = new JsonThread();
    const bytes = new TextEncoder().encode(JSON.stringify({ inputs: [pixelsInput([256, 256, 1], long)] }));
    const { images } = await json.read(
      { bytes, jsonLength: bytes.length },
      { route: "here", imagesLimit: 1 },
    );
    expect(images).toEqual([{ data: Uint8Array.from(long), width: 256, height: 256, channels: 1 }]);
    expect(bytes.length).toBe(0);
    await json.close();
  });
});

describe("a wrong request", () => {
  const sized = (bytes: number) => ({
    name: "image",
    datatype: "BYTES",
    shape: [1],
    parameters: { binary_data_size: bytes },
  });

  it.each<[string, unknown, Uint8Array[], Record<string, string>, number]>([
    ["no inputs", { inputs: [] }, [], {}, 400],
    ["another name", { inputs: [{ ...filesInput(), name: "x", shape: [1] }] }, [], {}, 400],
    ["another type", { inputs: [{ name: "image", datatype: "FP32", shape: [1], data: [1] }] }, [], {}, 400],
    ["no base64", { inputs: [{ name: "image", datatype: "BYTES", shape: [1], data: ["a b"] }] }, [], {}, 400],
    [
      "another count",
      { inputs: [{ name: "image", datatype: "BYTES", shape: [2], data: ["aaaa"] }] },
      [],
      {},
      400,
    ],
    ["too few pixels", { inputs: [pixelsInput([64, 64, 1], [1, 2, 3])] }, [], {}, 400],
    ["two channels", { inputs: [pixelsInput([1, 1, 2], [1, 2])] }, [], {}, 400],
    ["pixels of 256", { inputs: [pixelsInput([1, 1, 1], [256])] }, [], {}, 400],
    ["another output", { inputs: [pixelsInput([1, 1, 1], [1])], outputs: [{ name: "x" }] }, [], {}, 400],
    [
      "an output twice",
      { inputs: [pixelsInput([1, 1, 1], [1])], outputs: [{ name: "mask" }, { name: "mask" }] },
      [],
      {},
      400,
    ],
    ["a file that is none", { inputs: [filesInput(Buffer.from("none"))] }, [], {}, 422],
    ["sizes that differ", { inputs: [sized(5)] }, [Buffer.alloc(6)], {}, 400],
    ["an element beyond the end", { inputs: [sized(6)] }, [Buffer.alloc(6, 255)], {}, 400],
    ["a wrong header", {}, [Buffer.alloc(6)], { "inference-header-content-length": "1e9" }, 400],
    ["half its JSON", {}, [Buffer.alloc(6)], { "inference-header-content-length": "1" }, 400],
  ])("with %s says what is wrong", async (_, body, binary, headers, status) => {
    const response = await infer(body, binary, headers);
    const { error } = await response.json();
    expect({ status: response.status, error }).toEqual({ status, error: expect.stringMatching(/.{20}/) });
  });

  it("for a model that is not loaded is not found", async () => {
    const response = await get("/v2/models/other");
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: expect.stringContaining("disc") });
  });
});

it("more numbers than an answer of JSON can have are refused, and go in binary", () => {
  const all = Array(1000).fill(expected);
  const outputs = [{ name: "anomaly_map" }] as const;
  expect(() => outputTensors({ outputs: [...outputs] }, all)).toThrow(/more than 4000000 numbers .*binary/);
  const { binary } = outputTensors({ outputs: [...outputs], parameters: { binary_data_output: true } }, all);
  expect(binary[0]!.length).toBe(1000 * 64 * 64 * 4);
});

describe("a model in tiles", () => {
  let folder: string;
  let tiled: Service;
  const side = 2 * inputSize;
  const images = (...sides: number[]) =>
    Promise.all(
      sides.map((side) =>
        sharp({ create: { width: side, height: side, channels: 3, background: "#777" } })
          .png()
          .toBuffer(),
      ),
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "uflow-kserve-"));
    const model = randomModel();
    const path = join(folder, "tiled.uflow");
    const tiling = { size: inputSize, overlap: 0 };
    await writeModel(path, { ...model, manifest: { ...model.manifest, tiling } });
    tiled = await startService({ models: [path], port: 0, logLevel: "silent" });
  });

  afterAll(async () => {
    await tiled?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const inferTiled = async (sides: number[], output: string) => {
    const body = JSON.stringify({
      inputs: [filesInput(...(await images(...sides)))],
      outputs: [{ name: output }],
    });
    const headers = { "content-type": "application/json" };
    return fetch(`${tiled.url}/v2/models/tiled/infer`, { method: "POST", headers, body });
  };

  it("says that the size of its maps is the image's", async () => {
    const { outputs } = await (await fetch(`${tiled.url}/v2/models/tiled`)).json();
    expect(outputs).toContainEqual({ name: "mask", datatype: "UINT8", shape: [-1, -1, -1] });
    const {
      outputs: [mask],
    } = await (await inferTiled([side, side], "mask")).json();
    expect(mask.shape).toEqual([2, side, side]);
  });

  it.each([[[inputSize, side]], [[side, inputSize]]])(
    "makes no tensor of maps of images of %j pixels, and one of their scores",
    async (sides) => {
      const response = await inferTiled(sides, "mask");
      expect(response.status).toBe(400);
      expect((await response.json()).error).toMatch(
        /different sizes, 32 × 32 and 64 × 64|64 × 64 and 32 × 32/,
      );
      const scores = await (await inferTiled(sides, "anomaly_score")).json();
      expect(scores.outputs[0].shape).toEqual([2]);
    },
  );
});
