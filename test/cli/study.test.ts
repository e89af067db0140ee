import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TinyProduct, tinyProduct } from "../evaluate/tiny-product.js";
import { uflow } from "../fixtures/command.js";

let product: TinyProduct;
let data: string;
let out: string;
beforeAll(async () => {
  product = await tinyProduct();
  data = join(product.scratch, "all");
  out = join(product.scratch, "results");
  await cp(product.data, join(data, "disc"), { recursive: true });
  await mkdir(join(data, "broken", "train", "bad"), { recursive: true });
});
afterAll(() => product[Symbol.asyncDispose]());

describe("evaluate --all", () => {
  const few = ["--input-size", "64", "--flow-steps", "1", "--epochs", "1", "--map-size", "32"];
  const command = () => ["evaluate", "--all", data, "--out", out, "--seeds", "7", ...few];

  it("prints one table, passes options on, keeps what is finished, and ends with 1 for what failed", async () => {
    const first = await uflow(command());
    expect(first.status).toBe(1);
    expect(first.stderr).toMatch(/\nFailed: broken: No dataset in [^\n]*\(ERR_UFLOW_BAD_DATASET\)\n/);
    expect(first.stdout).toMatch(/^\| category +\|.*\n.*\n\| disc +\|/);
    expect(first.stderr).toContain("[2/2] disc, seed 7: training 2/2");
    expect(first.stderr).toContain(join(out, "summary.md"));
    const second = await uflow([...command(), "--json"]);
    expect(second.status).toBe(1);
    expect(second.stderr).toContain("[2/2] disc, seed 7: finished earlier");
    const { seeds, settings, categories } = JSON.parse(second.stdout);
    expect(seeds).toEqual([7]);
    expect(settings).toMatchObject({ train: { inputSize: 64, epochs: 1 }, evaluate: { mapSize: 32 } });
    expect(categories[1].runs).toHaveLength(1);
  });

  it("fails where there is no category", async () => {
    const args = ["evaluate", "--all", join(data, "disc", "train"), "--layout", "mvtec", "--out", out];
    const { status, stderr } = await uflow(args);
    expect(status).toBe(1);
    expect(stderr).toMatch(/ERR_UFLOW_BAD_DATASET/);
  });

  const mistakes: [args: string[], message: RegExp][] = [
    [["x.uflow", "--all", "x", "--out", "y"], /--all trains its own models; leave out a model/],
    [["--all", "x", "--out", "y", "--data", "z"], /leave out --data/],
    [["--all", "x"], /--out: is needed/],
    [["--all", "x", "--out", "y", "--seeds", "1,1"], /--seeds: expected every seed once/],
    [["--all", "x", "--out", "y", "--epochs", "many"], /--epochs: expected number, but received "many"/],
    [["x.uflow", "--data", "x", "--epochs", "3"], /unknown option "epochs"/],
    [["--data", "x"], /: <model>: is needed, but was not given/],
  ];
  it.each(mistakes)("wrong usage ends with status 2: %j", async (args, message) => {
    const { status, stderr } = await uflow(["evaluate", ...args]);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});
