import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Inspector } from "#uflow/inspect/index.js";
import { openAuditStore } from "#uflow/records/audit/store.js";
import { imageSum } from "#uflow/records/image-sum.js";
import type { FrameRecord } from "#uflow/records/record.js";
import { Recorder } from "#uflow/records/recorder.js";
import { settingsOf } from "#uflow/records/settings.js";
import { uflow } from "../fixtures/command.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
let store: string;
const written: FrameRecord[] = [];

/** A store with one good and one holed part, both with their images. */
beforeAll(async () => {
  tiny = await tinyModel();
  store = join(tiny.scratch, "line.db");
  await using audit = await openAuditStore(store, { linger: 0, keepImages: "all" });
  await using inspector = await Inspector.open(tiny.model);
  const recorder = new Recorder();
  for (const name of ["good/0.png", "hole/1.png"]) {
    const image = await readFile(join(tiny.data, "test", name));
    const outcome = await inspector.inspect(image);
    const model = { name: "disc", sha256: outcome.model };
    const settings = settingsOf(inspector);
    const known = { name, sha256: await imageSum(image) };
    const record = recorder.record({ outcome, image: known, station: "press 1", model, settings });
    await audit.write(record, { image });
    written.push(record);
  }
});

afterAll(() => tiny[Symbol.asyncDispose]());

const audit = async (...args: string[]) => {
  const { status, stdout, stderr } = await uflow(["audit", ...args]);
  return { status, stdout, stderr, json: () => JSON.parse(stdout) };
};

describe("uflow audit", () => {
  it("lists records, newest first", async () => {
    const { status, stdout } = await audit("list", store);
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => /\w+\/\d\.png/.exec(line)?.[0])).toEqual([
      undefined,
      "hole/1.png",
      "good/0.png",
    ]);
    const { json } = await audit("list", store, "--json", "--limit", "1");
    expect(json()).toEqual({ records: [written[1]] });
    expect((await audit("list", store, "--station", "none", "--json")).json()).toEqual({ records: [] });
  });

  it("exports records and images", async () => {
    const output = join(tiny.scratch, "all.jsonl");
    const images = join(tiny.scratch, "images");
    const { status, json } = await audit("export", store, "--out", output, "--images", images, "--json");
    expect(status).toBe(0);
    expect(json()).toEqual({ output, records: 2, images: 2 });
    const lines = (await readFile(output, "utf8")).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(written);
  });

  it("verifies, and says what must be found again", async () => {
    const { status, stdout } = await audit("verify", store);
    expect(status).toBe(0);
    const [first, head] = stdout.trimEnd().split("\n");
    expect(first).toBe("INTACT  2 records, 2 images");
    expect((await audit("verify", store, "--head", head!.replace("head ", ""), "--json")).json().intact).toBe(
      true,
    );
    const other = await audit("verify", store, "--head", `3:${"a".repeat(64)}`);
    expect([other.status, other.stdout]).toEqual([
      1,
      expect.stringMatching(/^NOT INTACT.*missing at the end/s),
    ]);
    expect((await audit("verify", store, "--head", "latest")).status).toBe(2);
  });

  it("replays", async () => {
    const { status, stdout } = await audit("replay", store, "--model", tiny.model);
    expect(status).toBe(0);
    expect(stdout).toContain("2 records gave the same again, bit for bit; 0 did not");
  });

  it("prunes what it is told to, and only then", async () => {
    expect((await audit("prune", store)).status).toBe(2);
    const { status, json } = await audit("prune", store, "--records", "1", "--json");
    expect([status, json().removed.records]).toEqual([0, 1]);
    expect((await audit("list", store, "--json")).json()).toEqual({ records: [written[1]] });
    expect((await audit("verify", store)).stdout).toContain("1 record, 1 removed by retention before");
  });

  it("refuses what is no audit store, and wrong options by their names", async () => {
    const { status, json } = await audit("list", tiny.model, "--json");
    expect([status, json().error.code]).toEqual([1, "ERR_UFLOW_BAD_RECORDS"]);
    const wrong = await audit("list", store, "--since", "yesterday");
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringContaining("--since: expected a time like"),
    ]);
  });
});
