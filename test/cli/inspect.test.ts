import { spawn } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uflow } from "../fixtures/command.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
/** Two images of one part, and between them a file that is no image. */
let folder: string;

beforeAll(async () => {
  tiny = await tinyModel();
  folder = join(tiny.scratch, "parts");
  await mkdir(folder);
  const good = join(tiny.data, "test", "good");
  const image = join(good, (await readdir(good))[0]!);
  await copyFile(image, join(folder, "a.png"));
  await writeFile(join(folder, "b.png"), "no image");
  await copyFile(image, join(folder, "c.png"));
});
afterAll(() => tiny[Symbol.asyncDispose]());

describe("an unreadable file in the middle", () => {
  it("is reported at the end, the others are inspected, and the status is 1", async () => {
    const { status, stdout, stderr } = await uflow(["inspect", tiny.model, folder]);
    expect(status).toBe(1);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split("/").at(-1))).toEqual(["a.png", "c.png"]);
    expect(stderr).toMatch(/1 image could not be inspected:\n.*b\.png.*ERR_UFLOW_BAD_IMAGE/);
  });

  it("is an error of its own in the document", async () => {
    const { status, stdout } = await uflow(["inspect", tiny.model, folder, "--json"]);
    expect(status).toBe(1);
    const { results, errors, notInspected } = JSON.parse(stdout);
    expect(results).toHaveLength(2);
    expect(notInspected).toBe(0);
    for (const result of results) {
      expect(Object.keys(result).sort()).toEqual(
        ["anomalous", "anomalyScore", "image", "logNfa", "regions", "timings"].sort(),
      );
    }
    expect(errors).toEqual([
      expect.objectContaining({ code: "ERR_UFLOW_BAD_IMAGE", image: join(folder, "b.png") }),
    ]);
  });
});

describe("pictures and maps", () => {
  it("are written for every image, in the size of the image and of the maps", async () => {
    const out = join(tiny.scratch, "out");
    const image = join(folder, "a.png");
    const { status } = await uflow([
      "inspect",
      tiny.model,
      image,
      join(folder, "c.*"),
      "--out",
      out,
      "--raw",
    ]);
    expect(status).toBe(0);
    const files = ["a", "c"].flatMap((name) =>
      ["anomaly.npy", "lognfa.npy", "mask.png", "overlay.png"].map((ending) => `${name}.${ending}`),
    );
    expect((await readdir(out)).sort()).toEqual(files);
    const { width, height } = await sharp(image).metadata();
    expect(await sharp(join(out, "a.mask.png")).metadata()).toMatchObject({ width, height });
    expect((await readFile(join(out, "a.lognfa.npy"))).toString("latin1")).toMatch(/'shape': \(64, 64\)/);
  });

  it("are refused before the work where they cannot be written", async () => {
    const { status, stdout, stderr } = await uflow([
      "inspect",
      tiny.model,
      folder,
      "--out",
      join(folder, "a.png"),
    ]);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain("ERR_UFLOW_OUTPUT");
  });

  it.skipIf(process.platform === "win32")("are refused where one of them had too long a name", async () => {
    const long = join(tiny.scratch, `${"n".repeat(250)}.png`);
    await copyFile(join(folder, "a.png"), long);
    const images = [long, join(folder, "a.png"), join(folder, "c.png")];
    const out = join(tiny.scratch, "long");
    const { status, stdout, stderr } = await uflow(["inspect", tiny.model, ...images, "--out", out]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/Cannot write ".*n\.overlay\.png": the name is too long/);
  });

  it("are refused where a device is in their way", async () => {
    if (process.platform === "win32") return;
    const out = join(tiny.scratch, "device");
    await mkdir(out);
    await symlink("/dev/null", join(out, "a.overlay.png"));
    const { status, stderr } = await uflow(["inspect", tiny.model, join(folder, "a.png"), "--out", out]);
    expect(status).toBe(1);
    expect(stderr).toContain("ERR_UFLOW_OUTPUT");
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

it.skipIf(process.platform === "win32")("has one line for each image, whatever its name holds", async () => {
  const image = join(tiny.scratch, "a\ngood.png");
  await copyFile(join(folder, "a.png"), image);
  const { stdout } = await uflow(["inspect", tiny.model, image]);
  expect(stdout.trimEnd().split("\n")).toEqual([expect.stringMatching(/a\ufffdgood\.png$/)]);
});

it("goes on where nobody reads any more what it says", async () => {
  const out = join(tiny.scratch, "unread");
  const images = [join(folder, "a.png"), join(folder, "c.png")];
  const { status } = await uflow(["inspect", tiny.model, ...images, "--out", out], (_, child) =>
    child.stderr!.destroy(),
  );
  expect(status).toBe(0);
  expect(await readdir(out)).toContain("c.overlay.png");
});

describe("the exit status", () => {
  it("is 3 for anomalies only when asked for", async () => {
    const args = ["inspect", tiny.model, join(folder, "a.png"), "--epsilon", "1e300"];
    expect((await uflow(args)).status).toBe(0);
    expect((await uflow([...args, "--fail-on-anomaly"])).status).toBe(3);
  });

  it("is 1 when nothing matches, naming what was asked for", async () => {
    const { status, stderr } = await uflow(["inspect", tiny.model, join(folder, "*.tiff")]);
    expect(status).toBe(1);
    expect(stderr).toContain("*.tiff");
  });
});

it("inspects the image on stdin", async () => {
  const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "inspect", tiny.model, "-", "--json"]);
  child.stdin.end(await readFile(join(folder, "a.png")));
  let text = "";
  for await (const part of child.stdout.setEncoding("utf8")) text += part;
  expect(JSON.parse(text).results).toEqual([
    expect.objectContaining({ image: "-", anomalous: expect.any(Boolean) }),
  ]);
});

it("inspects in the precision that it is told", async () => {
  const score = async (precision: string) => {
    const { stdout } = await uflow([
      "inspect",
      tiny.model,
      join(folder, "a.png"),
      "--json",
      "--precision",
      precision,
    ]);
    return JSON.parse(stdout).results[0].anomalyScore;
  };
  expect(await score("float16")).not.toBe(await score("float32"));
  const { status, stderr } = await uflow(["inspect", tiny.model, folder, "--precision", "int8"]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/--precision.*"float32"\|"float16".*"int8"/);
});
