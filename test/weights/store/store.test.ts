import { readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheHome } from "#uflow/weights/store/home.js";
import { openStore, type PullOptions } from "#uflow/weights/store/index.js";
import { hubHost, hubUrls } from "#uflow/weights/store/known.js";
import { fakeWeights, file, Hub, hubAnswer, redirect, sha256, status } from "./hub.js";

let home: string;
let hub: Hub;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "uflow-store-"));
  hub = await new Hub().listen();
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

const bytes = fakeWeights();
const sum = sha256(bytes);
const other = fakeWeights();
const quick = () =>
  ({ attempts: 2, retryDelay: 1, stallTimeout: 1000, host: hub.host }) satisfies PullOptions;
const wrong = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });
const blob = (content = sum) => join(home, "blobs/sha256", content);
const flip = async (path: string) => {
  const content = await readFile(path);
  content[content.length - 1]! ^= 1;
  await writeFile(path, content);
};

/** A file of its own outside the store. */
async function given(content: Uint8Array, name = "model.safetensors"): Promise<string> {
  const path = join(home, "given", name);
  await mkdir(join(home, "given"), { recursive: true });
  await writeFile(path, content);
  return path;
}

describe("the folder", () => {
  it("is UFLOW_HOME, else the system's cache", () => {
    expect(cacheHome({ UFLOW_HOME: "/a/b", XDG_CACHE_HOME: "/c" }, "linux")).toBe("/a/b");
    expect(cacheHome({ UFLOW_HOME: "", XDG_CACHE_HOME: "/c" }, "linux")).toBe("/c/uflow");
    expect(cacheHome({ XDG_CACHE_HOME: "" }, "linux")).toBe(join(homedir(), ".cache/uflow"));
    expect(cacheHome({}, "darwin")).toBe(join(homedir(), "Library/Caches/uflow"));
    expect(cacheHome({ LOCALAPPDATA: "/local" }, "win32")).toBe("/local/uflow");
  });

  it("is not made by looking into it", async () => {
    const store = openStore(join(home, "none"));
    expect(await store.find("resnet18")).toBeUndefined();
    expect((await store.list()).map(({ name, state }) => [name, state])).toEqual([
      ["resnet18", "available"],
      ["wide_resnet50_2", "available"],
      ["mcait", "available"],
    ]);
    expect(await readdir(home)).toEqual([]);
  });
});

it("knows where timm's weights are, and mirrors", () => {
  expect(hubHost({})).toBe("https://huggingface.co");
  expect(hubHost({ HF_ENDPOINT: "https://mirror.example" })).toBe("https://mirror.example");
  expect(hubUrls("mcait", "https://mirror.example/hf/")).toEqual([
    "https://mirror.example/hf/timm/cait_m48_448.fb_dist_in1k/resolve/main/model.safetensors",
    "https://mirror.example/hf/timm/cait_s24_224.fb_dist_in1k/resolve/main/model.safetensors",
  ]);
  expect(hubUrls("toString")).toEqual([]);
});

describe("pull", () => {
  it("stores a file by its content and finds it again without the network", async () => {
    hub.answers = [hubAnswer(bytes), file(bytes)];
    const pulled = await openStore(home).pull("resnet18", quick());
    expect(pulled).toEqual({
      name: "resnet18",
      files: [
        {
          path: blob(),
          sha256: sum,
          bytes: bytes.length,
          kind: "safetensors",
          source: `${hub.host}/timm/resnet18.a1_in1k/resolve/main/model.safetensors`,
          stored: expect.stringMatching(/^\d{4}-.*Z$/),
          checkedAgainst: "server",
        },
      ],
    });
    expect((await readFile(blob())).equals(bytes)).toBe(true);
    expect(await readdir(join(home, "blobs/sha256"))).toEqual([sum]);
    expect(await readdir(join(home, "partial"))).toEqual([]);
    expect(await openStore(home).find("resnet18")).toEqual(pulled);
    expect(await openStore(home).pull("resnet18", { ...quick(), offline: true })).toEqual(pulled);
    expect(hub.requests).toHaveLength(2);
  });

  it("takes two files where the backbone has two, and none of them twice", async () => {
    hub.answers = [hubAnswer(bytes), file(bytes), status(404)];
    const store = openStore(home);
    await expect(store.pull("mcait", quick())).rejects.toMatchObject(
      wrong("ERR_UFLOW_DOWNLOAD", /HTTP 404.*import FILE1 FILE2 --as mcait/),
    );
    expect(await store.find("mcait")).toBeUndefined();
    // The first is there already: the hub names it, and its bytes, which never come, are not waited for.
    hub.answers = [hubAnswer(bytes), file(bytes, { silentAfter: 0 }), hubAnswer(other), file(other)];
    const seen = new Set<string>();
    const onProgress: PullOptions["onProgress"] = ({ file, files }) => seen.add(`${file} of ${files}`);
    const { files } = await store.pull("mcait", { ...quick(), onProgress });
    expect(files.map((each) => each.sha256)).toEqual([sum, sha256(other)]);
    expect([...seen]).toEqual(["1 of 2"]);
  });

  it("refuses what is not what the server said, and keeps nothing of it", async () => {
    hub.answers = [hubAnswer(bytes), file(other)];
    await expect(openStore(home).pull("resnet18", quick())).rejects.toMatchObject(
      wrong("ERR_UFLOW_DOWNLOAD", new RegExp(`${sha256(other)}, not ${sum}.*Pull it again`)),
    );
    expect(await readdir(join(home, "blobs/sha256"))).toEqual([]);
    expect(await readdir(join(home, "partial"))).toEqual([]);
  });

  it("trusts the first download where the server names no sum, and holds to it from then on", async () => {
    hub.answers = [file(bytes)];
    const store = openStore(home);
    expect((await store.pull("resnet18", quick())).files[0]!.checkedAgainst).toBe("first-use");
    await rm(blob());
    hub.answers = [file(other)];
    const changed = wrong(
      "ERR_UFLOW_DOWNLOAD",
      /not the file that "resnet18" stood for so far.*delete ".*resnet18\.json"/,
    );
    await expect(store.pull("resnet18", quick())).rejects.toMatchObject(changed);
    // Where the hub names it, the bytes, which never come, are not waited for.
    hub.answers = [hubAnswer(other), file(other, { silentAfter: 0 })];
    await expect(store.pull("resnet18", quick())).rejects.toMatchObject(changed);
    hub.answers = [file(bytes)];
    expect((await store.pull("resnet18", quick())).files[0]!.sha256).toBe(sum);
  });

  it("refuses a web page that a proxy sends instead", async () => {
    hub.answers = [redirect("/login"), file(Buffer.from("<!DOCTYPE html><title>Log in</title>"))];
    await expect(openStore(home).pull("resnet18", quick())).rejects.toMatchObject(
      wrong("ERR_UFLOW_DOWNLOAD", /it is a web page, perhaps of a proxy/),
    );
  });

  it("repairs a damaged file", async () => {
    hub.answers = [hubAnswer(bytes), file(bytes)];
    await openStore(home).pull("resnet18", quick());
    await flip(blob());
    hub.answers = [hubAnswer(bytes), file(bytes)];
    await openStore(home).pull("resnet18", quick());
    expect((await readFile(blob())).equals(bytes)).toBe(true);
  });

  it("says what to do without a network", async () => {
    const advice =
      /Without a network: download \S+resnet18\.a1_in1k\S+ on another machine.*uflow backbone import FILE --as resnet18/;
    hub.answers = [status(503)];
    await expect(openStore(home).pull("resnet18", quick())).rejects.toMatchObject(
      wrong("ERR_UFLOW_DOWNLOAD", advice),
    );
    const asked = hub.requests.length;
    const offline = openStore(home).pull("resnet18", { ...quick(), offline: true });
    await expect(offline).rejects.toMatchObject(wrong("ERR_UFLOW_DOWNLOAD", advice));
    expect(hub.requests).toHaveLength(asked);
  });

  it("names every wrong option", async () => {
    const options = { host: "ftp://x", attempts: 0, colour: 1 } as PullOptions;
    await expect(openStore(home).pull("nothing", options)).rejects.toMatchObject(
      wrong("ERR_UFLOW_BAD_OPTION", /name: .*host: .*attempts: .*"colour"/),
    );
  });

  it("of several processes at once ends well in all", async () => {
    // The second comes while the first is half way, and goes on from there; the first is slower.
    const slow = file(bytes, { silentAfter: 100_000 });
    hub.answers = [hubAnswer(bytes), slow, hubAnswer(bytes), file(bytes)];
    const first = openStore(home).pull("resnet18", { ...quick(), stallTimeout: 500 });
    while (hub.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = openStore(home).pull("resnet18", quick());
    hub.answers.push(hubAnswer(bytes), file(bytes));
    expect((await second).files[0]!.sha256).toBe(sum);
    expect((await first).files[0]!.sha256).toBe(sum);
    expect(await readdir(join(home, "partial"))).toEqual([]);
    expect((await readFile(blob())).equals(bytes)).toBe(true);
  });
});

describe("import", () => {
  it("copies a file under a name of the user's, with what they say of it", async () => {
    const metadata = {
      outputs: ["layer1", "layer2"],
      strides: [4, 8],
      preprocessing: { mean: [0.5, 0.5, 0.5] },
    };
    const path = await given(Buffer.from([8, 7, 18, 1]), "net.onnx");
    await chmod(path, 0o400);
    const imported = await openStore(home).import([path], {
      as: "my_net",
      describe: async (copy, fileName) => {
        expect((await readFile(copy)).length).toBe(4);
        expect(fileName).toBe("net.onnx");
        return metadata;
      },
    });
    expect(imported).toMatchObject({
      name: "my_net",
      files: [{ kind: "onnx", bytes: 4, source: "net.onnx", checkedAgainst: "first-use" }],
      metadata,
    });
    await rm(path);
    expect(await openStore(home).find("my_net")).toEqual(imported);
    expect((await stat(imported.files[0]!.path)).mode & 0o777).toBe(0o644);
    expect(await openStore(home).list()).toContainEqual({
      name: "my_net",
      origin: "user",
      state: "present",
      urls: [],
      files: imported.files,
      metadata,
    });
  });

  it("stands for a backbone of the paper", async () => {
    const store = openStore(home);
    await store.import([await given(bytes)], { as: "resnet18" });
    expect((await store.pull("resnet18", { offline: true })).files[0]!.source).toBe("model.safetensors");
    expect((await store.list())[0]).toMatchObject({ name: "resnet18", origin: "hub", state: "present" });
    await expect(store.import([await given(bytes)], { as: "mcait" })).rejects.toMatchObject(
      wrong(
        "ERR_UFLOW_BAD_OPTION",
        /Expected 2 file\(s\) for "mcait" .*cait_m48_448.*, then .*but received 1/,
      ),
    );
    await expect(
      store.import([await given(Buffer.of(8, 7), "a.onnx")], { as: "resnet18" }),
    ).rejects.toMatchObject(wrong("ERR_UFLOW_BAD_WEIGHTS", /safetensors file or a PyTorch checkpoint/));
    expect((await store.find("resnet18"))?.files[0]?.sha256).toBe(sum);
  });

  it("takes checkpoints of PyTorch, of before 1.6 and since", async () => {
    const zip = Buffer.alloc(64);
    zip.writeUInt32BE(0x504b0304);
    zip.writeUInt16LE(16, 26);
    zip.write("archive/data.pkl", 30);
    const legacy = Buffer.concat([Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex"), Buffer.alloc(64)]);
    for (const content of [zip, legacy])
      expect((await openStore(home).import([await given(content)], { as: "a" })).files[0]!.kind).toBe(
        "torch",
      );
  });

  it("refuses what is no weights file, and keeps nothing of it", async () => {
    const uflow = Buffer.alloc(64);
    uflow.writeUInt32BE(0x504b0304);
    uflow.writeUInt16LE(13, 26);
    uflow.write("manifest.json", 30);
    const cut = Buffer.concat([Buffer.from([255, 255, 0, 0, 0, 0, 0, 0]), Buffer.from('{"a":1}')]);
    const none = [Buffer.alloc(0), Buffer.from("PK"), Buffer.from("text, no weights"), uflow, cut];
    for (const content of none)
      await expect(openStore(home).import([await given(content)], { as: "a" })).rejects.toMatchObject(
        wrong("ERR_UFLOW_BAD_WEIGHTS", /"model.safetensors" is no weights file/),
      );
    for (const path of [join(home, "none"), home])
      await expect(openStore(home).import([path], { as: "a" })).rejects.toMatchObject(
        wrong("ERR_UFLOW_BAD_WEIGHTS", /Cannot import .*(does not exist|expected a file)/),
      );
    expect(await readdir(join(home, "blobs/sha256"))).toEqual([]);
  });

  it("refuses names that are no file names, or built in", async () => {
    const path = await given(bytes);
    for (const as of ["../x", "", "A", "a.b", "mobile", "x".repeat(65)])
      await expect(openStore(home).import([path], { as })).rejects.toMatchObject(
        wrong("ERR_UFLOW_BAD_OPTION", /as: expected/),
      );
    await expect(openStore(home).import([], { as: "a" })).rejects.toMatchObject(
      wrong("ERR_UFLOW_BAD_OPTION", /files/),
    );
    expect(await openStore(home).find("../given/model")).toBeUndefined();
  });
});

describe("a damaged store", () => {
  it("refuses a file that has changed, by name, once per store", async () => {
    const store = openStore(home);
    await store.import([await given(bytes)], { as: "mine" });
    await flip(blob());
    await expect(openStore(home).find("mine")).rejects.toMatchObject(
      wrong(
        "ERR_UFLOW_BAD_WEIGHTS",
        /"mine" are damaged: ".*\/blobs\/sha256\/.*has changed.*uflow backbone import FILE --as mine/,
      ),
    );
    // Importing it again repairs it.
    await store.import([await given(bytes)], { as: "mine" });
    expect((await openStore(home).find("mine"))?.files[0]?.sha256).toBe(sum);
    await writeFile(blob(), "short");
    const [listed] = (await store.list()).slice(-1);
    expect(listed).toMatchObject({
      name: "mine",
      state: "damaged",
      problem: expect.stringContaining("5 bytes, not"),
    });
    await rm(blob());
    await expect(store.find("mine")).rejects.toMatchObject(wrong("ERR_UFLOW_BAD_WEIGHTS", /missing/));
  });

  it("refuses a record that cannot be read; a pull replaces it", async () => {
    const record = join(home, "backbones/resnet18.json");
    await mkdir(join(home, "backbones"));
    for (const content of [
      "{",
      "[]",
      '{"formatVersion":2,"files":[]}',
      '{"formatVersion":1,"files":[{"sha256":"../../x"}]}',
    ]) {
      await writeFile(record, content);
      await expect(openStore(home).find("resnet18")).rejects.toMatchObject(
        wrong("ERR_UFLOW_BAD_WEIGHTS", /resnet18\.json".*Delete it/s),
      );
      expect((await openStore(home).list())[0]).toMatchObject({ state: "damaged" });
    }
    hub.answers = [hubAnswer(bytes), file(bytes)];
    await openStore(home).pull("resnet18", quick());
    expect(JSON.parse(readFileSync(record, "utf8"))).toMatchObject({
      formatVersion: 1,
      files: [{ sha256: sum }],
    });
  });

  it("forgets copies that a killed process has left, when they are old", async () => {
    const folder = join(home, "blobs/sha256");
    await mkdir(folder, { recursive: true });
    for (const name of [".uflow-0123456789ab.tmp", ".uflow-ba9876543210.tmp"])
      await writeFile(join(folder, name), "half");
    const yesterday = Date.now() / 1000 - 2 * 24 * 60 * 60;
    await utimes(join(folder, ".uflow-0123456789ab.tmp"), yesterday, yesterday);
    await openStore(home).import([await given(bytes)], { as: "mine" });
    expect((await readdir(folder)).sort()).toEqual([".uflow-ba9876543210.tmp", sum].sort());
  });
});
