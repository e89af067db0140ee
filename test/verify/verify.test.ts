import { copyFile, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sha256 } from "#uflow/bundle/model.js";
import { UflowError } from "#uflow/error.js";
import { decodeNpy } from "#uflow/input/npy.js";
import { encodeNpy } from "#uflow/output/npy.js";
import { type Certificate, contentSum } from "#uflow/verify/certificate.js";
import { Earlier } from "#uflow/verify/earlier.js";
import { figuresOf } from "#uflow/verify/figures.js";
import { testImages } from "#uflow/verify/images.js";
import { type VerifyOptions, verify } from "#uflow/verify/index.js";
import { runWay } from "#uflow/verify/run.js";
import { instructionSets, reference } from "#uflow/verify/ways.js";
import { type Ended, uflow } from "../fixtures/command.js";
import { type TinyModel, tinyModel } from "../fixtures/tiny-model.js";

let tiny: TinyModel;
let images: string;
/** What the first machine filed. */
let filed: string;
let first: Certificate;
let firstRun: Ended;
const at = (...names: string[]) => join(tiny.scratch, ...names);
const readCertificate = async (folder: string): Promise<Certificate> =>
  JSON.parse(await readFile(join(folder, "certificate.json"), "utf8"));

beforeAll(async () => {
  tiny = await tinyModel();
  images = at("images");
  await mkdir(images);
  await copyFile(join(tiny.data, "test/good/0.png"), join(images, "a.png"));
  await copyFile(join(tiny.data, "test/hole/0.png"), join(images, "c.png"));
  filed = at("filed");
  firstRun = await uflow(["verify", tiny.model, "--images", images, "--out", filed]);
  first = await readCertificate(filed);
});
afterAll(() => tiny[Symbol.asyncDispose]());

/** A copy of what was filed, with another certificate. */
async function refiled(
  name: string,
  change: (certificate: Certificate) => void,
  sealed = true,
): Promise<string> {
  await cp(filed, at(name), { recursive: true });
  const path = at(name, "certificate.json");
  const certificate = JSON.parse(await readFile(path, "utf8")) as Certificate;
  change(certificate);
  if (sealed) certificate.contentSha256 = contentSum(certificate);
  await writeFile(path, JSON.stringify(certificate));
  return at(name);
}

async function refusal(options: Partial<VerifyOptions>): Promise<UflowError> {
  const error = await verify({ model: tiny.model, images, ...options }).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UflowError);
  return error;
}

describe("a machine that computes right", () => {
  it("passes, with status 0", () => {
    const { status, stdout, stderr } = firstRun;
    expect(stdout).toMatch(/^PASS {2}disc\.uflow.*\nway .*\nreference: .*\nCPU, default settings, .* passed/);
    expect(stderr).toMatch(/Verified with 2 images.*\nNext: file .*certificate\.html/);
    expect(status).toBe(0);
  });

  it("is certified with what was compared and how", () => {
    expect(first).toMatchObject({ verdict: "PASS", complete: true, against: null, errors: [] });
    expect(first.images.map(({ name }) => name)).toEqual(["a.png", "c.png"]);
    expect(first.contentSha256).toBe(contentSum(first));
    const cpu = first.ways.filter(({ device }) => device === "cpu");
    expect(cpu.length).toBeGreaterThanOrEqual(3);
    for (const { outcome, figures, precision } of cpu) {
      expect(outcome).toBe("passed");
      expect(figures!.anomalyMap).toBeLessThan(precision === "float16" ? 1e-2 : 1e-5);
      const { absolute, relative, images } = figures!.latents!;
      expect(images).toBe(2);
      expect(absolute).toBeGreaterThanOrEqual(relative);
      expect(relative).toBeLessThan(precision === "float16" ? 2e-2 : 1e-5);
      if (precision === "float16") expect(relative).toBeGreaterThan(1e-5);
    }
    for (const { outcome, reason } of first.ways) expect(outcome === "passed").toBe(reason === null);
  });

  it("runs the kernels with each instruction set that its processor has", () => {
    const kernels = first.ways.filter(({ name }) => name.includes("kernels with"));
    const named = kernels.map(({ name }) => name.split(" ").at(-1));
    expect([...named].sort()).toEqual([...instructionSets].sort());
    kernels.forEach(({ outcome, instructionSet }, i) => {
      expect(instructionSet).toBe(outcome === "unavailable" ? null : named[i]);
    });
  });

  it("gets the maps and a page that needs nothing else", async () => {
    expect((await readdir(filed)).sort()).toEqual(["certificate.html", "certificate.json", "reference"]);
    const maps = ["001.anomaly.npy", "001.mask.npy", "002.anomaly.npy", "002.mask.npy"];
    expect((await readdir(join(filed, "reference"))).sort()).toEqual(maps);
    const page = await readFile(join(filed, "certificate.html"), "utf8");
    expect(page).toContain("<h1>PASS</h1>");
    expect(page).toContain(first.contentSha256);
    expect(page).toContain("Δz");
    expect(page).not.toMatch(/<script|src=|href=|url\(/);
  });

  it("differs by nothing from what it filed", async () => {
    const { images: same } = await testImages(images, { count: 16, seed: 0 });
    const { inspected } = await runWay(reference, tiny.model, same, () => {}, undefined);
    const figures = figuresOf(inspected, await (await Earlier.open(filed)).maps());
    expect(figures).toEqual({ anomalyMap: 0, logNfa: 0, relativeLogNfa: 0, maskIou: 1, verdicts: [] });
  });
});

it("beside a machine that computed something else it fails, and goes on where an image cannot be read", async () => {
  const path = join(filed, "reference/002.anomaly.npy");
  const map = decodeNpy(await readFile(path), (reason) => new Error(reason));
  map.data[100]! += 0.001;
  const bytes = encodeNpy(map);
  const other = await refiled("other", (certificate) => {
    certificate.images[1]!.maps.anomaly = sha256(bytes);
    certificate.images[0]!.anomalous = !certificate.images[0]!.anomalous;
  });
  await writeFile(join(other, "reference/002.anomaly.npy"), bytes);
  await writeFile(join(images, "b.png"), "no image");
  const out = at("other-out");
  const { status, stdout } = await uflow([
    ...["verify", tiny.model, "--images", images],
    ...["--against", other, "--out", out, "--json"],
  ]);
  expect(status).toBe(1);
  const certificate = JSON.parse(stdout) as Certificate;
  expect(certificate).toEqual(await readCertificate(out));
  expect(certificate).toMatchObject({
    verdict: "FAIL",
    complete: false,
    errors: [{ image: "b.png", code: "ERR_UFLOW_BAD_IMAGE" }],
    against: {
      outcome: "failed",
      reason: "other verdict on 1 image; Δ anomaly map above 0.0001",
      figures: { anomalyMap: expect.closeTo(0.001, 5), logNfa: 0, maskIou: 1, verdicts: ["a.png"] },
    },
  });
  expect(await readFile(join(out, "certificate.html"), "utf8")).toContain("<h1>FAIL</h1>");
  // The same figures as in the first run.
  const timeless = (of: Certificate) => [of.images, of.ways.map(({ milliseconds: _, ...way }) => way)];
  expect(timeless(certificate)).toEqual(timeless(first));
});

it("takes a certificate of the first engines, which name no background, no other test and no latents", async () => {
  const old = await refiled("first-engines", ({ operatingPoint, ways }) => {
    for (const { figures } of ways) delete figures?.latents;
    delete (operatingPoint as Partial<typeof operatingPoint>).background;
    delete (operatingPoint as Partial<typeof operatingPoint>).nfa;
  });
  const earlier = await Earlier.open(old);
  expect(() => earlier.expectSame(first, first.images)).not.toThrow();
});

describe("is refused before any work:", () => {
  it("options that contradict the model", async () => {
    const { code, message } = await refusal({ falseRejects: { oneIn: 10 } });
    expect(code).toBe("ERR_UFLOW_BAD_OPTION");
    expect(message).toMatch(/falseRejects: .*the model has none/);
  });

  it("wrong options, all at once", async () => {
    const { code, message } = await refusal({ count: 0, seed: -1 });
    expect(code).toBe("ERR_UFLOW_BAD_OPTION");
    expect(message).toMatch(/count: .*; seed: /);
  });

  it("a damaged model", async () => {
    const model = at("damaged.uflow");
    await writeFile(model, (await readFile(tiny.model)).subarray(0, -100));
    expect((await refusal({ model })).code).toBe("ERR_UFLOW_BAD_MODEL");
  });

  it("a folder without images, and one in which none can be read", async () => {
    await mkdir(at("empty"));
    expect((await refusal({ images: at("empty") })).message).toContain("No image is found");
    await writeFile(at("empty", "x.png"), "no image");
    const { code, message } = await refusal({ images: at("empty") });
    expect(code).toBe("ERR_UFLOW_BAD_IMAGE");
    expect(message).toMatch(/None of the 1 images.*x\.png/);
  });

  it("an output that cannot be written", async () => {
    expect((await refusal({ output: join(images, "a.png") })).code).toBe("ERR_UFLOW_OUTPUT");
  });

  it("a call that is cancelled", async () => {
    expect((await refusal({ signal: AbortSignal.abort() })).code).toBe("ERR_UFLOW_ABORTED");
  });
});

describe("an earlier certificate is refused", () => {
  const cases: [what: string, make: () => Promise<Partial<VerifyOptions>>, message: RegExp][] = [
    ["that is not there", async () => ({ against: images }), /no such file; give a folder/],
    [
      "of another model",
      async () => ({ against: await refiled("model", ({ model }) => (model.sha256 = "0".repeat(64))) }),
      /another model: disc\.uflow, SHA-256 0000.*and this is disc\.uflow/,
    ],
    [
      "of other images",
      async () => ({ against: filed, images: undefined as never, count: 3, seed: 5 }),
      /other images \(--images images --count 16; here generated with --seed 5 --count 3\): image 1 is "a\.png".*"001 texture/,
    ],
    [
      "of fewer images",
      async () => ({ against: await refiled("fewer", ({ images }) => images.pop()) }),
      /image 2 is none there and "c\.png"/,
    ],
    [
      "that was edited",
      async () => ({ against: await refiled("edited", (it) => (it.machine.cpu = "better"), false) }),
      /does not match its checksum, so it was edited/,
    ],
    [
      "of a newer version",
      async () => ({ against: await refiled("newer", (it) => ((it.schemaVersion as number) = 2)) }),
      /schema version is 2.*update uflow/,
    ],
    [
      "with something missing",
      async () => ({ against: await refiled("lacking", (it) => delete (it as Partial<Certificate>).images) }),
      /not what uflow writes.*images/s,
    ],
    ["that is cut off", () => damaged("cut", "certificate.json", 40), /not JSON; is it cut off/],
    [
      "with a map cut off",
      () => damaged("short", "reference/001.anomaly.npy", 5000),
      /001\.anomaly\.npy.*bytes of data/,
    ],
  ];

  it("that was made at another operating point", async () => {
    const { code, message } = await refusal({ against: filed, preset: "reference" });
    expect(code).toBe("ERR_UFLOW_BAD_CERTIFICATE");
    expect(message).toMatch(/"by-size".*and this .*"chernoff".*"all"/);
  });

  async function damaged(name: string, file: string, length: number) {
    const against = await refiled(name, () => {});
    const bytes = await readFile(join(against, file));
    await writeFile(join(against, file), bytes.subarray(0, length));
    return { against };
  }

  it.each(cases)("%s", async (_, make, message) => {
    const options = await make();
    const given = Object.fromEntries(Object.entries({ images, ...options }).filter(([, value]) => value));
    const error = await verify({ model: tiny.model, ...given }).catch((reason) => reason);
    expect(error).toMatchObject({
      code: "ERR_UFLOW_BAD_CERTIFICATE",
      message: expect.stringMatching(message),
    });
  });

  it("with a map that was edited", async () => {
    const against = await refiled("drawn", () => {});
    const path = join(against, "reference/002.mask.npy");
    const bytes = await readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    const { code, message } = await refusal({ against });
    expect(code).toBe("ERR_UFLOW_BAD_CERTIFICATE");
    expect(message).toMatch(/002\.mask\.npy.*does not match its checksum/);
  });
});
