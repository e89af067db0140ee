import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTorch } from "#uflow/weights/torch/write.js";
import { backboneState, drawnParameters, stateOf } from "../convert/reference-state.js";
import { uflow } from "../fixtures/command.js";

let folder: string;
let checkpoint: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-convert-"));
  process.env.UFLOW_HOME = join(folder, "home");
  checkpoint = join(folder, "bottle.ckpt");
  model = join(folder, "bottle.uflow");
  const state = new Map([...(await backboneState()), ...stateOf(drawnParameters())]);
  await writeTorch(checkpoint, { state_dict: state });
  expect((await uflow(["import", checkpoint, "--backbone", "resnet18", "--out", model])).stderr).toContain(
    model,
  );
});
afterAll(async () => {
  delete process.env.UFLOW_HOME;
  await rm(folder, { recursive: true });
});

describe("import", () => {
  it("prints one JSON document on stdout, and what was found on stderr", async () => {
    const out = join(folder, "again.uflow");
    const args = ["import", checkpoint, "--backbone", "resnet18", "--input-size", "64", "--out", out];
    const { status, stdout, stderr } = await uflow([...args, "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      model: out,
      backbone: { name: "resnet18" },
      inputSize: 64,
      flowSteps: 2,
      imported: { file: "bottle.ckpt", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(stderr).toContain("2 steps per scale on resnet18, 64 × 64 pixels");
    expect(stderr).toContain(`Next: uflow inspect ${out} `);
  });

  it("makes a model that info explains and inspect uses", async () => {
    const info = await uflow(["info", model]);
    expect(info.stdout).toMatch(/^imported +from bottle\.ckpt, SHA-256 [0-9a-f]{16}…$/m);
    expect(info.stdout).not.toContain("trained");
    const image = join(folder, "image.png");
    await writeFile(
      image,
      await sharp({ create: { width: 80, height: 80, channels: 3, background: "grey" } })
        .png()
        .toBuffer(),
    );
    const { status, stdout } = await uflow(["inspect", model, image, "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).results[0].anomalyScore).toBeGreaterThan(0);
  });

  it("fails in one line that says what is wrong, and writes nothing", async () => {
    const out = join(folder, "none.uflow");
    const damaged = join(folder, "damaged.ckpt");
    await writeFile(damaged, "no checkpoint");
    for (const [path, backbone, message] of [
      [
        checkpoint,
        "mcait",
        /begins with 256 channels.*looks like one on "resnet18" \(ERR_UFLOW_BAD_WEIGHTS\)/,
      ],
      [damaged, "resnet18", /damaged\.ckpt: it is neither .* \(ERR_UFLOW_BAD_WEIGHTS\)/],
    ] as const) {
      const { status, stdout, stderr } = await uflow(["import", path, "--backbone", backbone, "--out", out]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(message);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    }
    expect(await readdir(folder)).not.toContain("none.uflow");
  });

  it("wrong usage ends with status 2", async () => {
    const size = ["--backbone", "resnet18", "--out", join(folder, "none.uflow"), "--input-size", "256"];
    const wrong = await uflow(["import", checkpoint, ...size]);
    expect(wrong).toMatchObject({ status: 2, stdout: "" });
    expect(wrong.stderr).toMatch(/inputSize to be 64.*256/);
    const missing = await uflow(["import", checkpoint, "--backbone", "mobile"]);
    expect(missing).toMatchObject({ status: 2, stdout: "" });
    expect(missing.stderr).toMatch(/--backbone: .*"resnet18".*"mobile"; --out: is needed/);
  });
});

describe("export", () => {
  it("says what to do when the store lacks the weights", async () => {
    const out = join(folder, "none.ckpt");
    const { status, stdout, stderr } = await uflow([
      "export",
      model,
      "--format",
      "torch",
      "--out",
      out,
      "--json",
    ]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout).error.code).toBe("ERR_UFLOW_BAD_WEIGHTS");
    expect(stderr).toMatch(
      /^uflow: .*"uflow backbone pull resnet18".*--without-backbone \(ERR_UFLOW_BAD_WEIGHTS\)\n$/,
    );
  });

  it("writes the flow alone, or the networks", async () => {
    const out = join(folder, "flow.ckpt");
    const args = ["export", model, "--without-backbone", "--out", out];
    expect(await uflow(args)).toEqual({ status: 0, signal: null, stdout: "", stderr: `Wrote ${out}\n` });
    const onnx = join(folder, "onnx");
    const networks = await uflow(["export", model, "--format", "onnx", "--out", onnx, "--json"]);
    const files = [join(onnx, "flow.onnx"), join(onnx, "backbone.onnx")];
    expect(JSON.parse(networks.stdout)).toEqual({ model, files });
    expect((await readdir(onnx)).sort()).toEqual(["backbone.onnx", "flow.onnx"]);
  });

  it("wrong usage ends with status 2", async () => {
    const { status, stdout, stderr } = await uflow(["export", model, "--format", "keras"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/--out: is needed.*--format: .*"torch"\|"onnx".*"keras"/);
  });
});
