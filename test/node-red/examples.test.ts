import { once } from "node:events";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { Aedes } from "aedes";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";
import { type FlowNode, type NodeRed, nodeRed } from "./flow.js";

const examples = new URL("../../node-red/examples/", import.meta.url);

/** Files of Node-RED's own nodes that the examples use. */
const coreNodes = [
  "common/21-debug.js",
  "common/25-catch.js",
  "function/10-switch.js",
  "function/89-trigger.js",
  "network/05-tls.js",
  "network/10-mqtt.js",
  "network/21-httpin.js",
  "storage/23-watch.js",
];

let tiny: TinyModel;
let red: NodeRed;
let good: string;
let holed: string;

beforeAll(async () => {
  [tiny, red] = await Promise.all([tinyModel(), nodeRed()]);
  good = join(tiny.data, "test", "good", "0.png");
  holed = join(tiny.data, "test", "hole", "1.png");
});

afterEach(() => red.unload());

afterAll(async () => {
  await red[Symbol.asyncDispose]();
  await tiny[Symbol.asyncDispose]();
});

/** An example with properties that are set by type of node. */
async function example(name: string, settings: Record<string, object>): Promise<FlowNode[]> {
  const flow: FlowNode[] = JSON.parse(await readFile(new URL(`${name}.json`, examples), "utf8"));
  const model = { file: tiny.model, device: "cpu", epsilon: "10" };
  return flow.map((node) => ({ ...node, ...(node.type === "uflow-model" ? model : settings[node.type]) }));
}

async function broker(): Promise<{ aedes: Aedes; server: Server; port: number }> {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { aedes, server, port: (server.address() as AddressInfo).port };
}

it("are all tested", async () => {
  expect((await readdir(examples)).sort()).toEqual(["inspect over HTTP.json", "watch a folder.json"]);
});

it("watch a folder: publishes the verdict on each picture that is written", async () => {
  const { aedes, server, port } = await broker();
  const published: [string, { verdict: string; station: string }][] = [];
  let arrived = () => {};
  aedes.on("publish", ({ topic, payload }) => {
    if (topic.startsWith("line/")) published.push([topic, JSON.parse(`${payload}`)]);
    if (published.length === 2) arrived();
  });
  const both = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const folder = join(tiny.scratch, "camera");
  await mkdir(folder);
  const settings = { watch: { files: folder }, "mqtt-broker": { broker: "127.0.0.1", port } };
  const connected = once(aedes, "clientReady");
  await red.load(await example("watch a folder", settings), coreNodes);
  await connected;
  await copyFile(good, join(folder, "1.png"));
  const bytes = await readFile(holed);
  await writeFile(join(folder, "2.png"), bytes.subarray(0, 300));
  await writeFile(join(folder, "2.png"), bytes.subarray(300), { flag: "a" });
  await both;
  expect(Object.fromEntries(published)).toMatchObject({
    "line/good": { verdict: "good", station: "camera 1" },
    "line/not-good": { verdict: "anomalous", station: "camera 1" },
  });
  await red.unload();
  await new Promise<void>((resolve) => aedes.close(resolve));
  server.close();
});

it("inspect over HTTP: answers with the verdict, and refuses what is no picture", async () => {
  // A busy machine may take longer to open the model than the example waits.
  const settings = { "uflow-inspect": { deadline: "" } };
  await red.load(await example("inspect over HTTP", settings), coreNodes);
  const post = async (body: Uint8Array | string, type: string) => {
    const response = await fetch(`${red.url}/inspect`, {
      method: "POST",
      body,
      headers: { "Content-Type": type },
    });
    return [response.status, response.status === 415 ? "" : ((await response.json()) as object)];
  };
  expect(await post(await readFile(holed), "image/png")).toMatchObject([200, { verdict: "anomalous" }]);
  expect(await post(new Uint8Array(100), "image/png")).toMatchObject([422, { reason: "failed" }]);
  expect(await post(good, "text/plain")).toMatchObject([415, ""]);
});
