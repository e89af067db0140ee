import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFlowParameters, readModel } from "#uflow/bundle/read.js";
import { type TrainOptions, train } from "#uflow/train/index.js";
import { type TinyProduct, tinyProduct } from "../evaluate/tiny-product.js";

let product: TinyProduct;
let output: string;
beforeAll(async () => {
  product = await tinyProduct();
  output = join(product.scratch, "disc.uflow");
});
afterAll(() => product[Symbol.asyncDispose]());

const learn = (options: Partial<TrainOptions> = {}) =>
  train({ data: product.data, output, inputSize: 64, flowSteps: 1, epochs: 2, batchSize: 3, ...options });

describe("features in a file", () => {
  it("make the same model, byte for byte, and leave nothing behind", async () => {
    await learn();
    const expected = await readFile(output);
    const before = await readdir(product.scratch);
    await learn({ cacheFolder: product.scratch });
    expect((await readFile(output)).equals(expected)).toBe(true);
    expect(await readdir(product.scratch)).toEqual(before);
  });

  it("are refused before any work where there is no such folder", async () => {
    const onProgress = () => expect.unreachable("the work has begun");
    await expect(learn({ cacheFolder: join(output, "none"), onProgress })).rejects.toMatchObject({
      code: "ERR_UFLOW_OUTPUT",
      message: expect.stringContaining("there is no such folder"),
    });
  });
});

it("features as halves make nearly the same model", async () => {
  const exact = await learn({ cachePrecision: "float32" });
  const halved = await learn({ cachePrecision: "float16" });
  expect([exact.training.cachePrecision, halved.training.cachePrecision]).toEqual([undefined, "float16"]);
  expect(halved.training.losses).not.toEqual(exact.training.losses);
  halved.training.losses.forEach((loss, epoch) => {
    expect(Math.abs(loss / exact.training.losses[epoch]! - 1)).toBeLessThan(1e-3);
  });
});

it("variants are learned from too, the same ones for the same seed", async () => {
  const augment = { rotate: "quarter", flipHorizontal: true, light: 0.2, variants: 3 } as const;
  const totals = new Set<string>();
  const onProgress: TrainOptions["onProgress"] = ({ phase, total }) => totals.add(`${phase} ${total}`);
  const { training } = await learn({ augment, onProgress });
  const first = await readFile(output);
  const { images } = training;
  expect((await readModel(output)).manifest.training!.augment).toMatchObject(augment);
  expect([...totals]).toEqual([`features ${3 * images}`, `training ${2 * Math.ceil(images / 3)}`]);
  await learn({ augment });
  expect((await readFile(output)).equals(first)).toBe(true);
  expect((await learn()).training.losses).not.toEqual(training.losses);
});

it("whitens what is learned from, variants included", async () => {
  const augment = { light: 0.5, variants: 3 } as const;
  const whitenings = async (options: Partial<TrainOptions>) => {
    await learn({ normalization: "whitened", ...options });
    return (await readFlowParameters(output)).parameters.whitenings!;
  };
  const [of, plain] = [await whitenings({ augment }), await whitenings({})];
  expect(of[0]!.offset).not.toEqual(plain[0]!.offset);
  expect(await whitenings({ augment })).toEqual(of);
});
