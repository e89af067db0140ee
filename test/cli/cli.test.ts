import { closeSync, existsSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel } from "#uflow/bundle/read.js";
import { uflow } from "../fixtures/command.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
/** A model file of which a byte is wrong. */
let broken: string;

beforeAll(async () => {
  tiny = await tinyModel();
  broken = join(tiny.scratch, "broken.uflow");
  const bytes = await readFile(tiny.model);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(broken, bytes);
});

afterAll(() => tiny[Symbol.asyncDispose]());

const commands = [
  "demo",
  "sample",
  "data",
  "train",
  "calibrate",
  "inspect",
  "evaluate",
  "info",
  "verify",
  "import",
  "export",
  "backbone",
];

describe("help", () => {
  it.each(commands)("of %s shows an example", async (command) => {
    const { status, stdout, stderr } = await uflow([command, "--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`Usage: uflow ${command}`));
    expect(stdout).toMatch(new RegExp(`Example:\\n {2}uflow ${command} `));
    expect(stdout).toContain("--json");
  });

  it("lists every command and first steps", async () => {
    const { status, stdout } = await uflow(["--help"]);
    expect(status).toBe(0);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, "m"));
    expect(stdout).toContain("First steps:");
  });
});

/** What was typed wrong, and what must be said of it. */
const mistakes: [args: string[], message: RegExp][] = [
  [[], /Usage: uflow/],
  [["trian"], /unknown command 'trian'.*Did you mean train/s],
  [["info", "x.uflow", "--colour"], /unknown option '--colour'/],
  [["info"], /missing required argument 'model'/],
  [["train"], /: --data: is needed, but was not given; --out: is needed.*BAD_OPTION/],
  [
    ["train", "--data", "x", "--backbone", "big", "--input-size", "8", "--flow-steps", "0x2", "--epochs", ""],
    /--out: .*--backbone: .*"mobile".*--input-size: .*received 8; --flow-steps: expected number, but received "0x2"; --epochs: expected number, but received ""/,
  ],
  [
    ["train", "--data", "x", "--out", "x.uflow", "--epochs", "0", "--seed", "-1"],
    /--epochs: .*--seed: .*BAD_OPTION/,
  ],
  [
    ["train", "--data", "x", "--out", "x.uflow", "--input-size", "72"],
    /--input-size: expected a multiple of 16.*72.*BAD_OPTION/,
  ],
  [
    ["train", "--data", "x", "--out", "x.uflow", "--augment", "rotate=quarter,tilt=3"],
    /--augment.*"tilt=3" is none of flip-horizontal, flip-vertical, rotate=DEGREES/,
  ],
  [
    [
      "train",
      "--data",
      "x",
      "--out",
      "x.uflow",
      "--augment",
      "light=2,variants=1",
      "--cache-precision",
      "half",
    ],
    /light: .*received 2; .*variants: .*received 1; --cache-precision: .*"half"/,
  ],
  [["evaluate", "x.uflow", "--epsilon", "0"], /--epsilon: .*received 0; --data: is needed.*BAD_OPTION/],
  [["inspect", "x.uflow", "y.png", "--region", "1,2,3"], /: --region: height: is needed.*BAD_OPTION/],
  [["serve"], /: --models: expected at least one model, or .*received an empty array/],
  [
    ["inspect", "x.uflow", "none", "--raw", "--tail", "upper", "--max-pixels", "all"],
    /--tail: .*"upper"; --max-pixels: .*"all"; --out: needed by --raw, but received nothing.*BAD_OPTION/,
  ],
  [["sample", "x", "--product", "plate", "shoe", "--side", "1"], /--product: .*"shoe"; --side: .*BAD_OPTION/],
];

it.each(mistakes)("wrong usage ends with status 2: uflow %j", async (args, message) => {
  const { status, stdout, stderr } = await uflow(args);
  expect(stderr).toMatch(message);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
});

it("wrong usage is a document too", async () => {
  const { status, stdout, stderr } = await uflow(["info", "x.uflow", "--colour", "--json"]);
  expect(status).toBe(2);
  const message = expect.stringMatching(/^unknown option '--colour'/);
  expect(JSON.parse(stdout)).toEqual({ error: { code: "ERR_UFLOW_BAD_OPTION", message } });
  expect(stderr).toContain("unknown option '--colour'");
  const help = await uflow(["info", "--help", "--json"]);
  expect(help).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Usage: /), stderr: "" });
});

describe("info", () => {
  it("says what a model holds", async () => {
    const { status, stdout, stderr } = await uflow(["info", tiny.model]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const text of [
      "64 × 64 pixels",
      "mobile",
      "stride 16",
      "8 good images, 12 epochs",
      "checksums right",
    ])
      expect(stdout).toContain(text);
  });

  it("minds no reader that has seen enough", async () => {
    const early = await uflow(["info", tiny.model], undefined, (child) => child.stdout?.destroy());
    expect(early).toMatchObject({ status: 0, stderr: "" });
  });

  it.skipIf(!existsSync("/dev/full"))("fails in one line when stdout cannot be written", async () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = await uflow(["info", tiny.model], undefined, undefined, full);
    closeSync(full);
    expect(stderr).toMatch(/^uflow: Cannot write to stdout: [^\n]*ENOSPC[^\n]* \(ERR_UFLOW_OUTPUT\)\n$/);
    expect(status).toBe(1);
  });

  it("prints the manifest", async () => {
    const { status, stdout, stderr } = await uflow(["info", tiny.model, "--json"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual((await readModel(tiny.model)).manifest);
  });

  it("fails on a damaged file and on none, in one line without a stack trace", async () => {
    for (const path of [broken, join(tiny.scratch, "none.uflow"), tiny.scratch]) {
      const { status, stdout, stderr } = await uflow(["info", path]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(/^uflow: Cannot open the model [^\n]* \(ERR_UFLOW_BAD_MODEL\)\n$/);
      expect(stderr).toContain(path);
    }
  });

  it("gives the error to machines as a document", async () => {
    const { status, stdout, stderr } = await uflow(["info", broken, "--json"]);
    expect(status).toBe(1);
    const { error } = JSON.parse(stdout);
    expect(error).toEqual({ code: "ERR_UFLOW_BAD_MODEL", message: expect.stringContaining("checksum") });
    expect(stderr).toBe(`uflow: ${error.message} (${error.code})\n`);
  });
});

describe("train", () => {
  const few = ["--input-size", "64", "--flow-steps", "1", "--epochs", "2", "--batch-size", "3"];

  it("prints one JSON document on stdout, and how far it is on stderr", async () => {
    const out = join(tiny.scratch, "new", "part.uflow");
    const { status, stdout, stderr } = await uflow([
      "train",
      "--data",
      tiny.data,
      "--out",
      out,
      "--json",
      ...few,
    ]);
    expect(status).toBe(0);
    const { model, seconds, training } = JSON.parse(stdout);
    expect(model).toBe(out);
    expect(seconds).toBeGreaterThan(0);
    expect(training).toEqual((await readModel(out)).manifest.training);
    expect(training).toMatchObject({ images: 8, epochs: 2, batchSize: 3 });
    for (const text of ["features 8/8", "training 6/6", "Learned from 8 good images", `Wrote ${out}`])
      expect(stderr).toContain(text);
  });

  it("says nothing on stdout without --json", async () => {
    const out = join(tiny.scratch, "quiet.uflow");
    const { status, stdout, stderr } = await uflow(["train", "--data", tiny.data, "--out", out, ...few]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain(`Next: uflow inspect ${out} `);
  });

  it("fails with a document when there is nothing to learn from", async () => {
    const args = [
      "train",
      "--data",
      join(tiny.scratch, "nowhere"),
      "--out",
      join(tiny.scratch, "x.uflow"),
      "--json",
    ];
    const { status, stdout, stderr } = await uflow(args);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "ERR_UFLOW_BAD_DATASET" } });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("evaluate", () => {
  it("prints one JSON document on stdout", async () => {
    const { status, stdout, stderr } = await uflow(["evaluate", tiny.model, "--data", tiny.data, "--json"]);
    expect(status).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ images: { good: 3, defective: 5 }, complete: true });
    for (const name of ["imageAuroc", "pixelAuroc", "aupro", "miou", "falseAlarms"])
      expect(document).toHaveProperty(name);
    expect(stderr).toContain("Evaluated 8 images");
  });

  it("prints a table, and curves only into a document that asks for them", async () => {
    const { stdout } = await uflow(["evaluate", tiny.model, "--data", tiny.data]);
    expect(stdout).toMatch(/AUPRO .*up to 0\.05\n/);
    expect(stdout).toMatch(/false alarms .*95 %: .*promised: at most 1/);
    expect(stdout).toMatch(/regions +\d of 3 in the ground truth/);
    const asked = await uflow(["evaluate", tiny.model, "--data", tiny.data, "--json", "--curves"]);
    expect(JSON.parse(asked.stdout).curves.pro.x.at(-1)).toBe(1);
  });
});
