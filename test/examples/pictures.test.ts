import { appendFile, copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";
import { Example } from "./example.js";

let tiny: TinyModel;

beforeAll(async () => {
  tiny = await tinyModel();
});

afterAll(() => tiny[Symbol.asyncDispose]());

describe("the folder watcher", () => {
  it("inspects what is complete, writes results beside, and goes on where it ended", async () => {
    const folder = join(tiny.scratch, "incoming");
    const results = join(tiny.scratch, "results");
    const test = join(tiny.data, "test");
    await mkdir(folder);
    await copyFile(join(test, "good", "0.png"), join(folder, "early.png"));
    await using first = new Example("folder-watcher.mjs", [tiny.model, folder, results]);
    await first.said(/good +early\.png/);
    const bytes = await readFile(join(test, "hole", "1.png"));
    const step = Math.ceil(bytes.length / 8);
    for (let start = 0; start < bytes.length; start += step) {
      await appendFile(join(folder, "slow.png"), bytes.subarray(start, start + step));
      await delay(100);
    }
    await first.said(/anomalous +slow\.png/);
    await copyFile(join(test, "good", "0.png"), join(folder, "notes.txt"));
    await appendFile(join(folder, "broken.png"), bytes.subarray(0, 99));
    await first.said(/undecided +broken\.png/);
    first.signal("SIGTERM");
    expect((await first.ended()).status).toBe(0);
    const written = ["broken.png.json", "early.png.json", "early.png.overlay.png", "slow.png.json"];
    expect((await readdir(results)).sort()).toEqual([...written, "slow.png.overlay.png"]);
    const verdict = JSON.parse(await readFile(join(results, "slow.png.json"), "utf8"));
    expect(verdict).toMatchObject({ verdict: "anomalous", image: { width: 64, height: 64 } });
    expect(verdict.regions).not.toEqual([]);
    expect(verdict).not.toHaveProperty("anomalyMap");
    expect(await sharp(join(results, "slow.png.overlay.png")).metadata()).toMatchObject({ width: 64 });

    await copyFile(join(test, "good", "1.png"), join(folder, "late.png"));
    await using second = new Example("folder-watcher.mjs", [tiny.model, folder, results]);
    await second.said(/good +late\.png/);
    second.signal("SIGTERM");
    expect((await second.ended()).output).not.toMatch(/early|slow|broken/);
  });
});

describe("the camera loop", () => {
  it("accounts for every frame", async () => {
    const pictures = join(tiny.data, "test", "good");
    await using example = new Example("camera-loop.mjs", [tiny.model, pictures, "30"]);
    const { status, output } = await example.ended();
    expect(status).toBe(0);
    const last = output.trim().split("\n").at(-1)!;
    const counts = last.match(/good (\d+), anomalous (\d+), undecided (\d+), lost (\d+); p50 \d+ ms/)!;
    const [good, anomalous, undecided, lost] = counts.slice(1).map(Number);
    expect(good! + anomalous! + undecided! + lost!).toBe(30);
    expect(good).toBeGreaterThan(0);
  });
});
