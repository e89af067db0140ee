import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { TorchValue } from "#uflow/weights/torch/pickle.js";
import { Opaque } from "#uflow/weights/torch/values.js";
import { writeTorch } from "#uflow/weights/torch/write.js";
import { openWeights } from "#uflow/weights/weight-file.js";
import { readAll, scratchFolder } from "./scratch.js";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/weights/${name}`, import.meta.url));
const scratch = scratchFolder();

interface Described {
  dtype: string;
  shape: number[];
  values: (number | string | boolean)[];
}
const expected: Record<string, Record<string, Described>> = JSON.parse(
  readFileSync(fixture("expected.json"), "utf8"),
);

describe("checkpoints that PyTorch wrote", () => {
  it.each(["plain.pth", "legacy.pth", "parameters.pt", "lightning.ckpt"])(
    "%s is read, every number",
    async (name) => {
      const { contents, format } = await readAll(fixture(name));
      expect(format).toBe("torch");
      expect(Object.keys(contents)).toEqual(Object.keys(expected[name]!));
      for (const [tensor, { dtype, shape, values }] of Object.entries(expected[name]!)) {
        expect(contents[tensor], tensor).toEqual({ dtype, shape, values: values.map(Number) });
      }
    },
  );

  it("tell what else is in them, and classes stay names", async () => {
    const { metadata } = await readAll(fixture("lightning.ckpt"));
    expect([...metadata.keys()]).toEqual([
      "epoch",
      "global_step",
      "pytorch-lightning_version",
      "loops",
      "callbacks",
      "optimizer_states",
      "hyper_parameters",
    ]);
    expect(metadata.get("global_step")).toBe(120);
    expect(metadata.get("hyper_parameters")).toEqual(new Opaque("argparse.Namespace"));
    const loops = metadata.get("loops") as Map<string, Map<string, unknown>>;
    expect(loops.get("fit_loop")!.get("total")).toEqual([
      1,
      2.5,
      null,
      true,
      [1, 2],
      new Set([4, 5]),
      Buffer.from("raw"),
    ]);
  });

  it("are refused when they hold a whole module", async () => {
    await expect(openWeights(fixture("module.pth"))).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_WEIGHTS",
      message: expect.stringMatching(/whole "torch\.nn\.modules\.container\.Sequential".*state_dict\(\)/),
    });
  });

  it("say which tensor is missing or of the wrong type, and that they are closed", async () => {
    const file = await openWeights(fixture("plain.pth"));
    const refused = (reason: RegExp) => ({
      code: "ERR_UFLOW_BAD_WEIGHTS",
      message: expect.stringMatching(reason),
    });
    await expect(file.floats("toString")).rejects.toMatchObject(refused(/no tensor "toString"/));
    await expect(file.floats("permutation")).rejects.toMatchObject(refused(/int32, where real/));
    await expect(file.integers("conv")).rejects.toMatchObject(refused(/float32, where whole/));
    await file.close();
    await file.close();
    await expect(file.floats("conv")).rejects.toMatchObject({ code: "ERR_UFLOW_CLOSED" });
  });
});

const shared = Float32Array.of(1, -2, 3.5, Number.POSITIVE_INFINITY, 1e-45, 6);
const written: { [name: string]: TorchValue } = {
  epoch: 7,
  large: 2 ** 40,
  negative: -(2 ** 33),
  rate: 1e-4,
  best: null,
  done: true,
  name: "Flüsse ∞",
  list: [1, [2.5, "x"], { a: -1 }, []],
  state_dict: new Map<string, TorchValue>([
    ["weight", { shape: [2, 3], data: shared }],
    ["tied", { shape: [6], data: shared }],
    ["scalar", { shape: [], data: Float32Array.of(0.25) }],
    ["empty", { shape: [0, 4], data: new Float32Array(0) }],
    ["num_batches_tracked", { shape: [2], data: BigInt64Array.of(5n, -(2n ** 40n)) }],
  ]),
};
const state = {
  weight: { dtype: "float32", shape: [2, 3], values: [...shared] },
  tied: { dtype: "float32", shape: [6], values: [...shared] },
  scalar: { dtype: "float32", shape: [], values: [0.25] },
  empty: { dtype: "float32", shape: [0, 4], values: [] },
  num_batches_tracked: { dtype: "int64", shape: [2], values: [5, -(2 ** 40)] },
};

describe("checkpoints that are written here", () => {
  it("are read as they were", async () => {
    await writeTorch(scratch("written.pt"), written);
    const { contents, metadata } = await readAll(scratch("written.pt"));
    expect(contents).toEqual(state);
    const { state_dict: _, list, ...plain } = written;
    expect(Object.fromEntries(metadata)).toEqual({
      ...plain,
      list: [1, [2.5, "x"], new Map([["a", -1]]), []],
    });
  });

  it("store shared numbers once, at multiples of 64 bytes, and are the same file each time", async () => {
    await writeTorch(scratch("one.pt"), written);
    await writeTorch(scratch("two.pt"), written);
    const bytes = readFileSync(scratch("one.pt"));
    expect(bytes.equals(readFileSync(scratch("two.pt")))).toBe(true);
    const numbers = Buffer.from(shared.buffer);
    expect(bytes.indexOf(numbers) % 64).toBe(0);
    expect(bytes.indexOf(numbers, bytes.indexOf(numbers) + 1)).toBe(-1);
  });

  it("are refused, and not written, when numbers do not fill a shape", async () => {
    for (const shape of [[2], [-1, -1], [0.5, 2], [1, 1, 1]]) {
      const value = { state_dict: new Map([["w", { shape, data: new Float32Array(3) }]]) };
      await expect(writeTorch(scratch("wrong.pt"), value)).rejects.toMatchObject({
        code: "ERR_UFLOW_BAD_TENSOR",
        message: expect.stringContaining('"state_dict.w"'),
      });
    }
    await expect(openWeights(scratch("wrong.pt"))).rejects.toThrow(/does not exist/);
  });
});

const run = promisify(execFile);

/** PyTorch, where this machine has it. */
const python = "/usr/bin/python3";
const torch = await run(python, [
  "-c",
  "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)",
]).then(
  () => true,
  () => false,
);
const noTorch = torch ? "" : " (skipped: python3 has no torch)";

const script = `
import json, sys, torch
# Version 1.13 knows no floats when it loads weights only.
weights_only = torch.load(sys.argv[2], weights_only=True)
root = torch.load(sys.argv[1])
assert list(weights_only) == ["epoch", "state_dict"], list(weights_only)
assert all(torch.equal(v, weights_only["state_dict"][k]) for k, v in root["state_dict"].items())
state = root.pop("state_dict")
for tensor in state.values():
    assert tensor.is_contiguous()
assert state["weight"].data_ptr() == state["tied"].data_ptr()
described = {k: [str(v.dtype), list(v.shape), [str(x) for x in v.reshape(-1).tolist()]] for k, v in state.items()}
print(json.dumps([root, type(state).__name__, described]))
`;

describe.skipIf(!torch)(`PyTorch${noTorch}`, () => {
  it("reads what is written here, also with weights_only", async () => {
    await writeTorch(scratch("for-python.pt"), written);
    await writeTorch(scratch("weights.pt"), { epoch: 7, state_dict: written.state_dict! });
    const { stdout } = await run(python, ["-c", script, scratch("for-python.pt"), scratch("weights.pt")]);
    const [root, type, described] = JSON.parse(stdout);
    const { state_dict: _, ...plain } = written;
    expect(root).toEqual(plain);
    expect(type).toBe("OrderedDict");
    for (const [name, { dtype, shape, values }] of Object.entries(state)) {
      const [torchType, torchShape, torchValues] = described[name];
      expect([torchType, torchShape], name).toEqual([`torch.${dtype}`, shape]);
      const numbers = torchValues.map((value: string) =>
        value === "inf" ? Number.POSITIVE_INFINITY : Number(value),
      );
      expect(numbers, name).toEqual(values);
    }
  });
});
