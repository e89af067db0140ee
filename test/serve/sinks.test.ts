import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startService } from "#uflow/index.js";
import { type FrameRecord, imageSum, openAuditStore, openSink, type Sink } from "#uflow/records/index.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
let image: Buffer;

beforeAll(async () => {
  tiny = await tinyModel();
  image = await readFile(join(tiny.data, "test/good/0.png"));
});

afterAll(() => tiny?.[Symbol.asyncDispose]());

const quiet = () => ({ models: [tiny.model], port: 0, logLevel: "silent" }) as const;

async function post(url: string, body: Buffer = image): Promise<string | undefined> {
  const headers = { "content-type": "image/png" };
  const response = await fetch(`${url}/v1/inspect?station=press`, {
    method: "POST",
    headers,
    body: new Uint8Array(body),
  });
  return (await response.json()).results?.[0].id;
}

it("records every image in the audit store and the folder, and goes on after a restart", async () => {
  const audit = join(tiny.scratch, "line.audit");
  const records = join(tiny.scratch, "records");
  const ids: (string | undefined)[] = [];
  for (let run = 0; run < 2; run++) {
    const service = await startService({ ...quiet(), audit, records });
    ids.push(await post(service.url));
    await post(service.url, Buffer.from("no image"));
    expect(await service.close()).toBe(true);
  }
  await using store = await openAuditStore(audit);
  const kept: FrameRecord[] = [];
  for await (const record of store.list()) kept.push(record);
  expect(kept.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  expect(kept.map(({ verdict }) => verdict)).toEqual(["good", "undecided", "good", "undecided"]);
  expect([kept[0]!.id, kept[2]!.id]).toEqual(ids);
  expect(kept[0]).toMatchObject({ station: "press", image: { sha256: await imageSum(image) } });
  const files = await readdir(records, { recursive: true });
  expect(files.filter((name) => name.endsWith(".json"))).toHaveLength(4);
});

it("gives verdicts though a sink fails, hangs or throws", async () => {
  const stats = { queued: 0, written: 0, dropped: 0, droppedImages: 0, failures: 0, problem: null };
  const own = (write: Sink["write"]): Sink => ({
    name: "own",
    stats,
    write,
    flush: async () => true,
    close: async () => {},
  });
  const failing = openSink({
    name: "failing",
    batchSize: 1,
    linger: 0,
    wanted: () => undefined,
    deliver: () => Promise.reject(new Error("the broker is down")),
    close: async () => {},
  });
  const sinks = [
    failing,
    own(() => new Promise(() => {})),
    own(() => Promise.reject(new Error("rejects"))),
    own(() => {
      throw new Error("throws");
    }),
  ];
  const service = await startService({ ...quiet(), sinks, shutdownTimeout: 500 });
  expect(await post(service.url)).toMatch(/^[0-9a-f-]{36}$/);
  const told = await (await fetch(`${service.url}/v1/stats`)).json();
  expect(told.sinks[0]).toMatchObject({ name: "failing", queued: 1 });
  expect(await (await fetch(`${service.url}/metrics`)).text()).toContain(
    'uflow_sink_queued{sink="failing"} 1',
  );
  expect(await service.close()).toBe(false);
});

it("starts with nothing half open", async () => {
  const options = { ...quiet(), audit: join(tiny.scratch, "second.audit") };
  await expect(startService({ ...options, models: ["none.uflow"] })).rejects.toThrow(/none\.uflow/);
  await expect(startService({ ...options, mqtt: "http://no-broker" })).rejects.toThrow(/mqtt/);
  await (await startService(options)).close();
});
