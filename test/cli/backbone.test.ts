import type { ChildProcess } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backboneOf } from "#uflow/backbone/index.js";
import { ownNetwork } from "../backbone/own-network.js";
import { uflow } from "../fixtures/command.js";
import { fakeWeights, file, fittingWeights, Hub, hubAnswer, sha256, status } from "../weights/store/hub.js";

let home: string;
let hub: Hub;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "uflow-backbone-"));
  process.env.UFLOW_HOME = join(home, "store");
  hub = await new Hub().listen();
});
afterEach(async () => {
  delete process.env.UFLOW_HOME;
  await hub[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

const bytes = fittingWeights(backboneOf("resnet18").weights!.shapes);
const sum = sha256(bytes);
const pull = (...args: string[]) => uflow(["backbone", "pull", "resnet18", "--host", hub.host, ...args]);

it.each(["list", "pull", "import"])("help of %s shows an example", async (command) => {
  const { status, stdout, stderr } = await uflow(["backbone", command, "--help"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(
    new RegExp(`Usage: uflow backbone ${command}.*--json.*Example:\\n {2}uflow backbone ${command}`, "s"),
  );
});

it.each<[string[], RegExp]>([
  [[], /Usage: uflow backbone/],
  [["pull"], /missing required argument 'name'/],
  [["pull", "resnet19"], /expected one of "resnet18".*received "resnet19" \(ERR_UFLOW_BAD_OPTION\)/],
  [["pull", "resnet18", "--host", "hub"], /--host: expected an address.*"hub" \(ERR_UFLOW_BAD_OPTION\)/],
  [["import", "x.onnx"], /required option '--as <name>' not specified/],
  [["import", "x.onnx", "--as", "mobile"], /--as: expected a name that is not built in/],
])("wrong usage ends with status 2: uflow backbone %j", async (args, message) => {
  const { status, stdout, stderr } = await uflow(["backbone", ...args]);
  expect(stderr).toMatch(message);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
});

describe("pull", () => {
  it("downloads, says where to, and lists it afterwards", async () => {
    hub.answers = [status(503), hubAnswer(bytes), file(bytes)];
    const { status: ended, stdout, stderr } = await pull();
    expect({ ended, stdout }).toEqual({ ended: 0, stdout: "" });
    expect(stderr).toMatch(/resnet18: \S+ answers HTTP 503; trying again in \d\.\d s/);
    expect(stderr).toContain("resnet18 100/100  5.6 MB of 5.6 MB");
    expect(stderr).toContain(`SHA-256 ${sum} (as the server named it)`);
    const list = await uflow(["backbone", "list"]);
    expect(list).toMatchObject({ status: 0, stderr: "" });
    expect(list.stdout).toMatch(/^mobile +built in$/m);
    expect(list.stdout).toMatch(
      new RegExp(`^resnet18 +in the store +5\\.6 MB +${sum.slice(0, 16)}… +/.*${sum}$`, "m"),
    );
    expect(list.stdout).toMatch(
      /^wide_resnet50_2 +can be pulled +https:\/\/huggingface\.co\/timm\/wide_resnet50_2/m,
    );
  });

  it("refuses what are not the weights of the backbone", async () => {
    const other = fakeWeights();
    hub.answers = [hubAnswer(other), file(other)];
    const { status: ended, stderr } = await pull();
    expect(ended).toBe(1);
    expect(stderr).toMatch(/cannot be used: "model\.safetensors" cannot be "resnet18": .*unknown: w/);
  });

  it("fails in one line that says what to do", async () => {
    hub.answers = [status(404)];
    for (const args of [[], ["--offline"]]) {
      const { status: ended, stdout, stderr } = await pull(...args);
      expect({ ended, stdout }).toEqual({ ended: 1, stdout: "" });
      expect(stderr).toMatch(/^uflow: [^\n]*import FILE --as resnet18 \(ERR_UFLOW_DOWNLOAD\)\n$/);
    }
    expect(hub.requests).toHaveLength(1);
  });

  const half = 150_000;
  /** Lets the half of the file come, then does this to the process. */
  async function broken(end: (child: ChildProcess) => void) {
    hub.answers = [hubAnswer(bytes), file(bytes, { silentAfter: half })];
    const args = ["backbone", "pull", "resnet18", "--host", hub.host];
    const partial = join(process.env.UFLOW_HOME!, "partial");
    return uflow(args, undefined, async (child) => {
      for (let size = 0; size < half; await new Promise((resolve) => setTimeout(resolve, 5))) {
        const [name] = await readdir(partial).catch(() => []);
        if (name) size = (await stat(join(partial, name))).size;
      }
      end(child);
    });
  }

  it.each<[NodeJS.Signals, object]>([
    ["SIGKILL", { status: null, signal: "SIGKILL" }],
    ["SIGINT", { status: 130, stderr: expect.stringContaining("what has arrived is kept") }],
  ])("goes on after %s where it was", async (signal, ended) => {
    expect(await broken((child) => child.kill(signal))).toMatchObject(ended);
    expect(await readdir(process.env.UFLOW_HOME!)).not.toContain("backbones");
    hub.answers = [hubAnswer(bytes), file(bytes)];
    expect((await pull()).status).toBe(0);
    expect(hub.requests.at(-1)?.range).toBe(`bytes=${half}-`);
    expect((await readFile(join(process.env.UFLOW_HOME!, "blobs/sha256", sum))).equals(bytes)).toBe(true);
    expect(await readdir(join(process.env.UFLOW_HOME!, "partial"))).toEqual([]);
  });

  it("of two processes at once ends well in both, with one JSON document each", async () => {
    // Nobody is answered until both have asked.
    const waiting: (() => void)[] = [];
    hub.answers = [
      (request, response) => {
        if (request.url === "/cdn") return file(bytes)(request, response);
        waiting.push(() => hubAnswer(bytes)(request, response));
        if (waiting.length === 2) for (const answer of waiting) answer();
      },
    ];
    const both = await Promise.all([pull("--json"), pull("--json", "mobile")]);
    for (const { status: ended, stdout } of both) {
      expect(ended).toBe(0);
      const { backbones } = JSON.parse(stdout);
      expect(backbones).toMatchObject([
        { name: "resnet18", files: [{ sha256: sum, checkedAgainst: "server" }] },
      ]);
    }
    const list = JSON.parse((await uflow(["backbone", "list", "--json"])).stdout);
    expect(list.home).toBe(process.env.UFLOW_HOME);
    const states = list.backbones.map(
      ({ name, state }: { name: string; state: string }) => `${name} ${state}`,
    );
    expect(states).toEqual([
      "mobile present",
      "mobile4 present",
      "resnet18 present",
      "wide_resnet50_2 available",
      "mcait available",
    ]);
    expect(await readdir(join(process.env.UFLOW_HOME!, "blobs/sha256"))).toEqual([sum]);
    expect(await readdir(join(process.env.UFLOW_HOME!, "partial"))).toEqual([]);
  });
});

describe("import", () => {
  it("takes a file that was downloaded elsewhere", async () => {
    const path = join(home, "model.safetensors");
    await writeFile(path, bytes);
    const {
      status: ended,
      stdout,
      stderr,
    } = await uflow(["backbone", "import", path, "--as", "resnet18", "--json"]);
    expect(ended).toBe(0);
    expect(JSON.parse(stdout).backbones).toMatchObject([
      { name: "resnet18", files: [{ source: "model.safetensors" }] },
    ]);
    expect(stderr).toContain(`SHA-256 ${sum} (nobody vouches for it; held to from now on)`);
    expect((await pull("--offline")).status).toBe(0);
    expect(hub.requests).toEqual([]);
    await writeFile(join(process.env.UFLOW_HOME!, "blobs/sha256", sum), "short");
    const list = await uflow(["backbone", "list"]);
    expect(list.stdout).toMatch(/^resnet18 +damaged$/m);
    expect(list.stderr).toMatch(/"resnet18" are damaged: .*5 bytes.*uflow backbone pull resnet18\n$/);
  });

  it("refuses a file that holds no weights", async () => {
    const path = join(home, "notes.onnx");
    await writeFile(path, "no weights");
    const { status: ended, stdout, stderr } = await uflow(["backbone", "import", path, "--as", "mine"]);
    expect({ ended, stdout }).toEqual({ ended: 1, stdout: "" });
    expect(stderr).toMatch(/^uflow: "notes\.onnx" is no weights file: .* \(ERR_UFLOW_BAD_WEIGHTS\)\n$/);
  });

  it("takes a network of the user's own, and lists what it makes of an image", async () => {
    const path = join(home, "net.onnx");
    await writeFile(path, ownNetwork());
    const options = ["--outputs", "b,a", "--mean", "0.5,0.5,0.5", "--std", "1,1,1", "--json"];
    const imported = await uflow(["backbone", "import", path, "--as", "mynet", ...options]);
    const maps = "64 × 64 pixels → a (stride 4, 8 channels), b (stride 8, 16 channels)";
    expect(imported.status).toBe(0);
    expect(imported.stderr).toContain(maps);
    expect(JSON.parse(imported.stdout).backbones[0].metadata).toMatchObject({
      outputs: ["a", "b"],
      preprocessing: { mean: [0.5, 0.5, 0.5], std: [1, 1, 1] },
    });
    const { stdout } = await uflow(["backbone", "list"]);
    expect(stdout).toMatch(/^mynet +your own/m);
    expect(stdout).toContain(maps);
  });

  it.each<[string[], RegExp]>([
    [["--mean", "1,2"], /--mean: expected three numbers/],
    [["--std", "1,0,1"], /--std: expected numbers above 0/],
    [["--outputs", "a,a"], /--outputs: expected different names/],
    [["--input-size", "big"], /--input-size: .*"big"/],
  ])("names what is wrong: %j", async (options, message) => {
    const { status: ended, stderr } = await uflow([
      "backbone",
      "import",
      "x.onnx",
      "--as",
      "mine",
      ...options,
    ]);
    expect(ended).toBe(2);
    expect(stderr).toMatch(message);
  });
});
