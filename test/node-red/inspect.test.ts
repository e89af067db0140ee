import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";
import { type FlowNode, type Message, type NodeRed, nodeRed } from "./flow.js";

let tiny: TinyModel;
let red: NodeRed;
let good: string;
let holed: string;
let damaged: string;
/** Takes hundreds of milliseconds to decode. */
let large: string;

beforeAll(async () => {
  [tiny, red] = await Promise.all([tinyModel(), nodeRed()]);
  good = join(tiny.data, "test", "good", "0.png");
  holed = join(tiny.data, "test", "hole", "1.png");
  damaged = join(tiny.scratch, "damaged.png");
  await writeFile(damaged, (await readFile(good)).subarray(0, 500));
  large = join(tiny.scratch, "large.png");
  await sharp(good).resize(4000, 4000).png({ compressionLevel: 1 }).toFile(large);
});

afterEach(() => red.unload());

afterAll(async () => {
  await red[Symbol.asyncDispose]();
  await tiny[Symbol.asyncDispose]();
});

const place = { z: "tab", x: 100, y: 100 };

/** A flow of one inspect node, and nodes that catch its errors and its status. */
function flow(inspect: Record<string, unknown> = {}, model: object = {}): FlowNode[] {
  const outputs = inspect.outputs === 3 ? ["good", "anomalous", "undecided"] : ["out"];
  return [
    { id: "tab", type: "tab", label: "line" },
    {
      id: "model",
      type: "uflow-model",
      file: tiny.model,
      device: "cpu",
      lanes: "1",
      epsilon: "10",
      ...model,
    },
    { ...inspectNode(outputs.map((id) => [id])), ...inspect },
    { id: "catch", type: "catch", ...place, wires: [["caught"]] },
    { id: "status", type: "status", ...place, wires: [["light"]] },
    ...[...outputs, "caught", "light"].map((id) => ({ id, type: "collect", ...place })),
  ];
}

const inspectNode = (wires: string[][]) => ({
  id: "inspect",
  type: "uflow-inspect",
  ...place,
  model: "model",
  queue: "32",
  wires,
});

function send(...payloads: unknown[]): void {
  for (const payload of payloads) red.node("inspect")!.receive({ payload });
}

const payloadsOf = (messages: Message[]) => messages.map(({ payload }) => payload as Record<string, unknown>);

async function lightWith(text: RegExp): Promise<{ fill: string; shape: string; text: string }> {
  for (let count = 1; ; count++) {
    const status = (await red.messages("light", count)).at(-1)!.status as Awaited<
      ReturnType<typeof lightWith>
    >;
    if (text.test(status.text)) return status;
  }
}

describe("the inspect node", () => {
  it("sends the verdict on a path, on bytes and on pixels, and keeps the message", async () => {
    await red.load(flow({ station: "press 3" }));
    const { data, info } = await sharp(holed).raw().toBuffer({ resolveWithObject: true });
    const pixels = { data, width: info.width, height: info.height, channels: info.channels };
    for (const payload of [holed, await readFile(holed), pixels]) {
      red.node("inspect")!.receive({ payload, serial: 17 });
    }
    const messages = await red.messages("out", 3);
    expect(messages[0]).toMatchObject({ serial: 17, uflow: { image: holed, model: "disc.uflow" } });
    const verdicts = payloadsOf(messages).map(({ timings, ...verdict }) => verdict);
    expect(verdicts[0]).toMatchObject({ verdict: "anomalous", anomalous: true, station: "press 3" });
    expect(Object.keys(verdicts[0]!)).not.toContain("anomalyMap");
    expect(verdicts[1]).toEqual(verdicts[0]);
    expect(verdicts[2]).toEqual(verdicts[0]);
  });

  it("has three outputs if wanted, and tells the catch nodes of a damaged image", async () => {
    await red.load(flow({ outputs: 3 }));
    send(damaged, holed, good);
    const [undecided] = payloadsOf(await red.messages("undecided"));
    expect(undecided).toMatchObject({ verdict: "undecided", reason: "failed" });
    expect(undecided!.error).toMatchObject({ code: "ERR_UFLOW_BAD_IMAGE" });
    expect(undecided).not.toHaveProperty("anomalous");
    expect(payloadsOf(await red.messages("anomalous"))).toMatchObject([{ verdict: "anomalous" }]);
    expect(payloadsOf(await red.messages("good"))).toMatchObject([{ verdict: "good" }]);
    const [caught] = await red.messages("caught");
    expect(caught!.error).toMatchObject({ message: expect.stringContaining("damaged.png") });
  });

  it("takes nothing else for an image", async () => {
    await red.load(flow());
    send(undefined, 17, { data: "pixels", width: 2, height: 2, channels: 1 });
    const outcomes = payloadsOf(await red.messages("out", 3));
    expect(outcomes.map(({ reason }) => reason)).toEqual(["failed", "failed", "failed"]);
    expect(await red.messages("caught", 3)).toHaveLength(3);
  });

  it("draws overlays of what is wanted", async () => {
    await red.load(flow({ overlay: "anomalous" }));
    send(good, await readFile(holed));
    const messages = await red.messages("out", 2);
    const [overlay, ...others] = messages.flatMap(
      ({ uflow }) => (uflow as { overlay?: Buffer }).overlay ?? [],
    );
    expect(others).toEqual([]);
    expect(await sharp(overlay).metadata()).toMatchObject({ format: "png", width: 64 });
  });

  it("is undecided at the deadline, also while the model is opened, and no error", async () => {
    await red.load(flow({ deadline: "1" }));
    send(large);
    const late = { verdict: "undecided", reason: "deadline" };
    expect(payloadsOf(await red.messages("out", 1))).toMatchObject([late]);
    await lightWith(/ready/);
    send(large, holed);
    expect(payloadsOf(await red.messages("out", 3))[1]).toMatchObject(late);
    expect(red.logged()).toEqual([]);
  });

  it.each(["-1", "0", "soon"])("says that %j is no deadline", async (deadline) => {
    await red.load(flow({ deadline }));
    send(good);
    const failed = { verdict: "undecided", reason: "failed", error: { code: "ERR_UFLOW_BAD_OPTION" } };
    expect(payloadsOf(await red.messages("out"))).toMatchObject([failed]);
    expect(await red.messages("caught")).toHaveLength(1);
  });

  it("lets no message go missing, whatever its station is", async () => {
    await red.load(flow());
    // As the query of a request is: it cannot be made text.
    red.node("inspect")!.receive({ payload: good, station: Object.create(null) });
    red.node("inspect")!.receive({ payload: good, station: 7 });
    expect(payloadsOf(await red.messages("out", 2))).toMatchObject([{ station: "" }, { station: "7" }]);
  });

  it("takes no more on than its queue holds, and says so", async () => {
    await red.load(flow({ queue: "2" }));
    send(large, good, good, holed);
    const outcomes = payloadsOf(await red.messages("out", 4));
    const reasons = outcomes.map(({ verdict, reason }) => reason ?? verdict);
    expect(reasons).toEqual(["busy", "busy", "good", "good"]);
    expect(outcomes[0]!.error).toMatchObject({ code: "ERR_UFLOW_BUSY" });
    expect(await lightWith(/full: \d not taken on/)).toMatchObject({ fill: "yellow" });
    expect(red.logged()).toEqual([]);
  });

  it("shows a light, and takes the station of the message where it has none", async () => {
    await red.load(flow());
    expect(await lightWith(/ready/)).toMatchObject({ fill: "grey" });
    red.node("inspect")!.receive({ payload: large, station: "camera 2" });
    expect(await lightWith(/^1 under way$/)).toMatchObject({ fill: "yellow" });
    expect(payloadsOf(await red.messages("out"))).toMatchObject([{ station: "camera 2" }]);
    expect(await lightWith(/^good, log NFA \d+\.\d, \d+ ms$/)).toMatchObject({ fill: "green", shape: "dot" });
    send(holed);
    expect(await lightWith(/^anomalous, /)).toMatchObject({ fill: "red", shape: "dot" });
  });
});

describe("a model that cannot be opened", () => {
  it("is told in the log, below the node and to catch nodes, and tried again with the next image", async () => {
    const file = join(tiny.scratch, "later.uflow");
    await red.load(flow({}, { file }));
    expect(await lightWith(/later\.uflow/)).toMatchObject({ fill: "red", shape: "ring" });
    send(good);
    expect(payloadsOf(await red.messages("out"))).toMatchObject([{ verdict: "undecided", reason: "failed" }]);
    expect((await red.messages("caught"))[0]!.error).toMatchObject({
      message: expect.stringContaining("later.uflow"),
    });
    expect(red.logged().join()).toContain("The model cannot be opened");
    await copyFile(tiny.model, file);
    send(good);
    expect(payloadsOf(await red.messages("out", 2))[1]).toMatchObject({ verdict: "good" });
  });

  it.each([
    ["an option that is none", { options: '{ "speed": 11 }' }, /speed/],
    ["options that are no object", { options: "[1]" }, /JSON object/],
    ["an epsilon that is no number", { epsilon: "one" }, /epsilon/],
  ])("has %s", async (_, model, text) => {
    await red.load(flow({}, model));
    await lightWith(text);
  });

  it("is not there at all", async () => {
    await red.load(flow({ model: "" }));
    send(good);
    expect(payloadsOf(await red.messages("out"))[0]!.error).toMatchObject({ code: "ERR_UFLOW_BAD_OPTION" });
  });
});

describe("a redeploy", () => {
  it.each(["full", "nodes"] as const)("of kind %s loses no image that is under way", async (type) => {
    await red.load(flow());
    send(large, good, holed);
    const before = red.node("inspect");
    await red.redeploy(flow({ station: "renamed" }), type);
    expect(red.node("inspect")).not.toBe(before);
    const verdicts = payloadsOf(await red.messages("out", 3)).map(({ verdict }) => verdict);
    expect(verdicts.sort()).toEqual(["anomalous", "good", "good"]);
    send(holed);
    expect(payloadsOf(await red.messages("out", 4))[3]).toMatchObject({
      station: "renamed",
      verdict: "anomalous",
    });
  });

  it("that takes the node away says which verdicts had nowhere to go", async () => {
    await red.load(flow());
    send(good);
    await red.redeploy(flow().filter(({ id }) => id !== "inspect"));
    expect(red.logged().join()).toMatch(/verdict \(good\) had nowhere to go/);
  });
});
