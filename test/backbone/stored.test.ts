import { writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { importBackbone } from "#uflow/backbone/import.js";
import { backboneOf, wantedUnder } from "#uflow/backbone/index.js";
import {
  allBackboneNames,
  backboneFrom,
  findBackbone,
  networkFrom,
  openBackboneStore,
} from "#uflow/backbone/stored.js";
import { writeSafetensors } from "#uflow/weights/safetensors.js";
import { openStore } from "#uflow/weights/store/index.js";
import { writeTorch } from "#uflow/weights/torch/write.js";
import { storeHome } from "../fixtures/store-home.js";
import { fittingWeights } from "../weights/store/hub.js";
import { randomTensors } from "./test-weights.js";

const path = storeHome();
const wanted = backboneOf("resnet18").weights!;
const tensors = randomTensors(wanted);
/** What timm's files hold besides. */
const surplus = new Map([
  ["bn1.num_batches_tracked", { shape: [], data: BigInt64Array.of(7n) }],
  ["layer4.0.conv1.weight", { shape: [2], data: Float32Array.of(1, 2) }],
  ["fc.bias", { shape: [1], data: Float32Array.of(1) }],
]);

beforeAll(() => writeSafetensors(path("resnet18.safetensors"), new Map([...tensors, ...surplus])));

const refusal = (message: RegExp, code = "ERR_UFLOW_BAD_WEIGHTS") => ({
  code,
  message: expect.stringMatching(message),
});

describe("the weights of a backbone of the paper", () => {
  it("enter the store with what is not used, from both formats, and make the same network", async () => {
    await writeTorch(path("resnet18.pth"), new Map([...tensors, ...surplus]));
    const networks: Uint8Array[] = [];
    for (const name of ["resnet18.safetensors", "resnet18.pth"]) {
      await importBackbone([path(name)], { as: "resnet18" });
      const source = await findBackbone("resnet18", openBackboneStore());
      networks.push((await networkFrom(structuredClone(source), 64)).network);
    }
    expect(Buffer.compare(networks[0]!, networks[1]!)).toBe(0);
  });

  it.each<[string, string, RegExp]>([
    [
      "another architecture",
      "wide_resnet50_2",
      /"resnet18\.safetensors" cannot be "wide_resnet50_2": .*missing: layer1\.0\.conv3.*of another shape: layer1/,
    ],
    [
      "a name of one's own",
      "mine",
      /"resnet18\.safetensors" holds weights without a network.*expected an \.onnx/,
    ],
  ])("are refused as %s", async (_, as, message) => {
    await expect(importBackbone([path("resnet18.safetensors")], { as })).rejects.toMatchObject(
      refusal(message),
    );
    expect(await openBackboneStore().find(as)).toBeUndefined();
  });

  it("are refused when damaged, without the name of the copy", async () => {
    await writeFile(path("cut.safetensors"), fittingWeights(wanted.shapes).subarray(0, 90_000));
    const error = importBackbone([path("cut.safetensors")], { as: "resnet18" });
    await expect(error).rejects.toMatchObject(
      refusal(/^"cut\.safetensors" cannot be "resnet18": Cannot read the weights: its tensors take/),
    );
  });

  it("are held to what is wanted when they are found, too", async () => {
    await writeSafetensors(
      path("other.safetensors"),
      new Map([["w", { shape: [1], data: Float32Array.of(1) }]]),
    );
    await openStore().import([path("other.safetensors")], { as: "wide_resnet50_2" });
    const found = findBackbone("wide_resnet50_2", openBackboneStore());
    await expect(found).rejects.toMatchObject(refusal(/usable as the weights of "wide_resnet50_2"/));
  });
});

it("the two files of mcait are told apart", async () => {
  const { weights, weightFiles } = backboneOf("mcait");
  const [, coarse] = weightFiles!.map((prefix) => wantedUnder(prefix, weights!));
  await writeFile(path("s24.safetensors"), fittingWeights(coarse!.shapes, "U8"));
  const swapped = importBackbone([path("s24.safetensors"), path("m48.safetensors")], { as: "mcait" });
  await expect(swapped).rejects.toMatchObject(
    refusal(
      /"s24\.safetensors" cannot be "mcait": .*"cait_m48_448".*It is file 2 of 2: .*order cait_m48_448, then cait_s24_224/,
    ),
  );
});

it("what is not in the store is named with what to do", async () => {
  const store = openBackboneStore(path("nowhere"));
  await expect(findBackbone("mcait", store)).rejects.toMatchObject(
    refusal(/"uflow backbone pull mcait".*"uflow backbone import FILE1 FILE2 --as mcait"/),
  );
  await expect(findBackbone("mine", store)).rejects.toMatchObject(refusal(/import FILE\.onnx --as mine/));
  expect(await findBackbone("mobile", store)).toEqual({ name: "mobile", home: path("nowhere") });
  expect(await allBackboneNames(store)).toEqual([
    "mobile",
    "mobile4",
    "resnet18",
    "wide_resnet50_2",
    "mcait",
  ]);
});

it("a network of which the store does not say how it is used is refused", async () => {
  await writeFile(path("bare.onnx"), Buffer.from([8, 7]));
  await openStore().import([path("bare.onnx")], { as: "bare" });
  const source = await findBackbone("bare", openBackboneStore());
  expect(() => backboneFrom(source)).toThrow(/import it again: uflow backbone import FILE\.onnx --as bare/);
});
