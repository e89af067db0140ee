import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import yazl from "yazl";
import { readModel } from "#uflow/bundle/read.js";
import { rewriteModel, writeModel } from "#uflow/bundle/write.js";
import { UflowError } from "#uflow/error.js";
import { Random } from "#uflow/random.js";
import { sealedManifest, tinyModel } from "./tiny-model.js";

let folder: string;
let bytes: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-bundle-"));
  await writeModel(join(folder, "good.uflow"), tinyModel);
  bytes = await readFile(join(folder, "good.uflow"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What reading these bytes as a model ends in: the model, or the error. */
async function readBytes(content: Uint8Array) {
  const path = join(folder, "given.uflow");
  await writeFile(path, content);
  return await readModel(path).catch((error) => error);
}

async function expectRefused(content: Uint8Array, reason: RegExp): Promise<void> {
  const error = await readBytes(content);
  expect(error).toBeInstanceOf(UflowError);
  expect(error).toMatchObject({ code: "ERR_UFLOW_BAD_MODEL", message: expect.stringMatching(reason) });
}

interface Entry {
  name: string;
  content: Uint8Array;
  compress?: boolean;
}

/** An archive with any entries. Names are put in afterwards: yazl refuses to write bad ones. */
async function archive(entries: readonly Entry[]): Promise<Buffer> {
  const file = new yazl.ZipFile();
  const placeholder = ({ name }: Entry, i: number) => `${i}`.padEnd(name.length, "_");
  entries.forEach((entry, i) => {
    file.addBuffer(Buffer.from(entry.content), placeholder(entry, i), { compress: entry.compress ?? false });
  });
  file.end();
  let content = (await buffer(file.outputStream)).toString("latin1");
  entries.forEach((entry, i) => {
    content = content.replaceAll(placeholder(entry, i), entry.name);
  });
  return Buffer.from(content, "latin1");
}

const manifestEntry = (changes: object = {}): Entry => ({
  name: "manifest.json",
  content: Buffer.from(JSON.stringify({ ...sealedManifest, ...changes })),
});
const backboneEntry: Entry = { name: "backbone.onnx", content: tinyModel.backbone };
const flowEntry: Entry = { name: "flow.onnx", content: tinyModel.flow };
const sound = () => [manifestEntry(), backboneEntry, flowEntry];

describe("a model that was written", () => {
  it("is read as it was", async () => {
    const model = await readModel(join(folder, "good.uflow"));
    expect(model.manifest).toEqual(sealedManifest);
    expect(Buffer.from(model.backbone)).toEqual(Buffer.from(tinyModel.backbone));
    expect(Buffer.from(model.flow)).toEqual(Buffer.from(tinyModel.flow));
  });

  it("is the same file, byte for byte, when it is written again", async () => {
    const path = join(folder, "again.uflow");
    const { manifest, backbone, flow } = await readModel(join(folder, "good.uflow"));
    const { entries: _, ...unsealed } = manifest;
    await writeModel(path, { manifest: unsealed, backbone, flow });
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it("is read from views into larger buffers", async () => {
    const wide = new Uint8Array(tinyModel.flow.length + 20);
    wide.set(tinyModel.flow, 10);
    const path = join(folder, "view.uflow");
    await writeModel(path, { ...tinyModel, flow: wide.subarray(10, 10 + tinyModel.flow.length) });
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it("is replaced whole", async () => {
    const path = join(folder, "replaced.uflow");
    await writeFile(path, "something else, longer than nothing");
    await writeModel(path, tinyModel);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it("may lie in an archive of another writer", async () => {
    expect(await readBytes(await archive(sound()))).toMatchObject({ manifest: sealedManifest });
  });

  it("is refused in writing where its manifest is wrong, and nothing is written", async () => {
    const path = join(folder, "wrong.uflow");
    const manifest = { ...tinyModel.manifest, inputSize: 0 };
    await expect(writeModel(path, { ...tinyModel, manifest })).rejects.toThrow();
    await expect(readFile(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("is not written over one that can be read where its manifest is too large to be", async () => {
    const path = join(folder, "large.uflow");
    await writeModel(path, tinyModel);
    const training = { ...tinyModel.manifest.training, losses: new Array(2 ** 20).fill(0.123456789) };
    const rewritten = rewriteModel(path, path, (manifest) => ({ ...manifest, training }));
    await expect(rewritten).rejects.toMatchObject({
      code: "ERR_UFLOW_OUTPUT",
      message: expect.stringMatching(/at most 16777216 are read/),
    });
    expect((await readModel(path)).manifest).toEqual(sealedManifest);
  });
});

describe("a calibration", () => {
  const calibration = {
    version: 1 as const,
    images: 3,
    scales: [{ scale: 0.9, dof: 2.5, area: 4 }],
    joint: { scale: 1.1, dof: 1.9, area: 5 },
    test: { tests: "per-scale" as const, tail: "exact" as const, mapSize: 32 },
    logNfa: [-2.5, 0, 1e300],
    anomalyScore: [0.125, 0.25, 0.5],
  };
  const withCalibration = (changes: object) =>
    archive([manifestEntry({ calibration: { ...calibration, ...changes } }), backboneEntry, flowEntry]);

  it("is put into a file without another byte of its entries changing, and read as it was", async () => {
    const path = join(folder, "calibrated.uflow");
    const good = join(folder, "good.uflow");
    const written = await rewriteModel(good, path, (manifest) => ({ ...manifest, calibration }));
    const model = await readModel(path);
    expect(model.manifest).toEqual(written);
    expect(model.manifest).toEqual({ ...sealedManifest, calibration });
    expect(Buffer.from(model.flow)).toEqual(Buffer.from(tinyModel.flow));
    await rewriteModel(path, path, ({ calibration: _, ...manifest }) => manifest);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it("of a newer version is refused with what to do", async () => {
    await expectRefused(
      await withCalibration({ version: 4, more: true }),
      /the version of its calibration is 4, and this engine reads up to 3: update uflow$/,
    );
  });

  it("may be of the soft minimum, and have a background of its means over squares of an odd side", async () => {
    const mean = (side: number) => ({ side, scale: 0.3, dof: 6, area: 9 });
    const joint = (side: number) => ({ ...calibration.joint, soft: true, mean: mean(side) });
    const path = join(folder, "means.uflow");
    const known = { ...calibration, version: 3, joint: joint(5) };
    await rewriteModel(join(folder, "good.uflow"), path, (manifest) => ({ ...manifest, calibration: known }));
    expect((await readModel(path)).manifest.calibration).toEqual(known);
    await expectRefused(await withCalibration({ version: 3, joint: joint(4) }), /side/);
  });

  it("is refused where it cannot be one", async () => {
    await expectRefused(await withCalibration({ scales: [] }), /manifest is wrong/);
    const { scales } = calibration;
    await expectRefused(await withCalibration({ scales: [...scales, ...scales] }), /contradict each other/);
    await expectRefused(await withCalibration({ scales: [{ scale: 0, dof: 1, area: 1 }] }), /scale/);
    await expectRefused(await withCalibration({ meanEnergies: [[1, 1]] }), /one number per image/);
    await expectRefused(
      await withCalibration({
        meanEnergies: [
          [1, 2],
          [1, 2],
          [1, 2],
        ],
      }),
      /a mean energy per scale/,
    );
    await expectRefused(await withCalibration({ logNfa: [1, 0, 2] }), /sorted numbers/);
    await expectRefused(await withCalibration({ logNfa: [0, 1] }), /one number per image/);
  });
});

describe("what is no file", () => {
  const refused = { code: "ERR_UFLOW_BAD_MODEL" };

  it("is refused: a missing file, a folder, a link to nowhere", async () => {
    await mkdir(join(folder, "folder.uflow"));
    await symlink(join(folder, "nowhere"), join(folder, "link.uflow"));
    for (const [name, reason] of [
      ["missing.uflow", /: it does not exist$/],
      ["folder.uflow", /: it is a folder$/],
      ["link.uflow", /: it does not exist$/],
    ] as const) {
      const message = expect.stringMatching(reason);
      await expect(readModel(join(folder, name))).rejects.toMatchObject({ ...refused, message });
    }
  });

  it("is refused: a path with a zero byte, an empty path", async () => {
    await expect(readModel("a\0b")).rejects.toMatchObject(refused);
    await expect(readModel("")).rejects.toMatchObject(refused);
  });
});

describe("damage", () => {
  it("is found where a file is cut off, wherever that is", async () => {
    for (
      let length = 0;
      length < bytes.length;
      length += length < 64 || length > bytes.length - 300 ? 1 : 37
    ) {
      await expectRefused(bytes.subarray(0, length), /Cannot open the model/);
    }
  });

  it("is found where any byte of a network has changed", async () => {
    for (const network of [tinyModel.backbone, tinyModel.flow]) {
      const start = bytes.indexOf(network);
      expect(start).toBeGreaterThan(0);
      for (let i = start; i < start + network.length; i += 41) {
        const changed = Buffer.from(bytes);
        changed[i]! ^= 0x10;
        await expectRefused(changed, /checksum|CRC/i);
      }
    }
  });

  it("never gives another model, wherever bytes have changed", async () => {
    const random = new Random(3);
    for (let round = 0; round < 600; round++) {
      const changed = Buffer.from(bytes);
      for (let i = 0; i <= round % 4; i++) changed[random.below(changed.length)] = random.below(256);
      const outcome = await readBytes(changed);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "ERR_UFLOW_BAD_MODEL" });
      // Bytes that mean nothing here (a time stamp) may differ; the networks may not.
      else expect(Buffer.from(outcome.flow)).toEqual(Buffer.from(tinyModel.flow));
    }
  });

  it("is found where a sum or a size in the manifest is another", async () => {
    const { entries } = sealedManifest;
    const flow = entries["flow.onnx"]!;
    const wrong = [
      { ...flow, sha256: "0".repeat(64) },
      { ...flow, bytes: flow.bytes + 1 },
    ];
    for (const sum of wrong) {
      const manifest = manifestEntry({ entries: { ...entries, "flow.onnx": sum } });
      await expectRefused(await archive([manifest, backboneEntry, flowEntry]), /flow\.onnx.*checksum/);
    }
  });
});

describe("an archive that is no model", () => {
  it("is refused when it is none at all", async () => {
    const plain = /Cannot open the model .*: it is not a \.uflow file, or it was cut off$/;
    await expectRefused(Buffer.alloc(0), plain);
    await expectRefused(Buffer.from("just a text file that somebody renamed"), plain);
    await expectRefused(Buffer.alloc(100_000, 0x50), plain);
    await expectRefused(bytes.subarray(0, bytes.length - 100), plain);
  });

  it("is refused when an entry is missing", async () => {
    await expectRefused(await archive([]), /no manifest\.json/);
    await expectRefused(await archive([backboneEntry, flowEntry]), /no manifest\.json/);
    await expectRefused(await archive([manifestEntry(), backboneEntry]), /"flow\.onnx" is missing/);
    const { "flow.onnx": _, ...rest } = sealedManifest.entries;
    await expectRefused(
      await archive([manifestEntry({ entries: rest }), backboneEntry, flowEntry]),
      /flow\.onnx/,
    );
    await expectRefused(await archive([manifestEntry({ entries: {} }), backboneEntry, flowEntry]), /onnx/);
  });

  it("is refused when an entry climbs out, is absolute, or is not listed", async () => {
    for (const name of ["../evil", "/etc/evil", "a/../../evil", "C:/evil", "..\\evil", "extra.bin"]) {
      const evil = { name, content: Buffer.from("evil") };
      await expectRefused(await archive([...sound(), evil]), /Cannot open the model/);
    }
  });

  it("is refused when an entry is there twice", async () => {
    await expectRefused(await archive([...sound(), flowEntry]), /"flow\.onnx" is there twice/);
    await expectRefused(await archive([...sound(), manifestEntry()]), /"manifest\.json" is there twice/);
  });

  it("is refused when entries share their bytes", async () => {
    const content = await archive([...sound(), { name: "second.onnx", content: Buffer.alloc(1) }]);
    // In the directory at the end, the second entry is pointed to the bytes of the first.
    const record = (name: string) => content.lastIndexOf(name) - 46;
    const [flow, second] = [record("flow.onnx"), record("second.onnx")];
    content.copy(content, second + 16, flow + 16, flow + 28); // CRC-32 and both sizes
    content.copy(content, second + 42, flow + 42, flow + 46); // where it begins
    await expectRefused(content, /overlap/);
  });

  it("is refused when its directory is said to lie far outside (ZIP64)", async () => {
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50);
    locator.writeBigUInt64LE(2n ** 62n, 8);
    const end = bytes.subarray(bytes.length - 22);
    await expectRefused(Buffer.concat([bytes.subarray(0, -22), locator, end]), /points at/);
  });

  it("is refused when an entry is compressed", async () => {
    const packed = { ...flowEntry, content: Buffer.alloc(1 << 20), compress: true };
    await expectRefused(await archive([manifestEntry(), backboneEntry, packed]), /compressed/);
  });

  it("is refused when it names an entry like a part of every object", async () => {
    const sum = sealedManifest.entries["flow.onnx"]!;
    const entries = JSON.parse(
      `{"__proto__": ${JSON.stringify(sum)}, "constructor": ${JSON.stringify(sum)}}`,
    );
    await expectRefused(await archive([manifestEntry({ entries }), backboneEntry, flowEntry]), /Cannot open/);
  });
});

describe("a manifest", () => {
  const refuse = async (manifest: Uint8Array, reason: RegExp) =>
    expectRefused(
      await archive([{ name: "manifest.json", content: manifest }, backboneEntry, flowEntry]),
      reason,
    );

  it("is refused when it is of a newer format", async () => {
    await refuse(
      manifestEntry({ formatVersion: 2, news: true }).content,
      /format version is 2.*update uflow/,
    );
  });

  it("is refused when it is not JSON, or JSON of something else", async () => {
    await refuse(Buffer.from("{"), /not JSON/);
    await refuse(Buffer.alloc(50), /not JSON/);
    await refuse(Buffer.from([0x7b, 0xff, 0xfe]), /not JSON/);
    for (const other of ["null", "[]", "7", '"x"', "{}"])
      await refuse(Buffer.from(other), /manifest is wrong/);
    await refuse(Buffer.from("[".repeat(200_000)), /not JSON/);
  });

  it("is refused when it is huge", async () => {
    await refuse(Buffer.alloc(16 * 2 ** 20 + 1, 0x20), /manifest is too large/);
  });

  it("is refused when a field is missing, wrong or unknown", async () => {
    const wrong = [
      { inputSize: -1 },
      { inputSize: 1e9 },
      { mapSize: 1.5 },
      { scales: [] },
      { flowSteps: "2" },
      { normalization: "batch" },
      { training: null },
      { unknown: 1 },
      { formatVersion: 0 },
      { formatVersion: "1" },
    ];
    for (const changes of wrong) await refuse(manifestEntry(changes).content, /manifest is wrong/);
  });

  it("is refused when its sizes contradict each other", async () => {
    const scale = { channels: 4, height: 8, width: 8 };
    const wrong = [
      { strides: [8] },
      { inputSize: 64 },
      { scales: [scale, scale] },
      { latents: [{ ...scale, width: 4 }] },
    ];
    for (const changes of wrong) await refuse(manifestEntry(changes).content, /contradict each other/);
  });
});
