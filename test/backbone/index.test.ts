import { describe, expect, it } from "vitest";
import { type BackboneName, backboneNames, backboneOf, featureScales } from "#uflow/backbone/index.js";
import { weightsOf } from "./test-weights.js";

const side = 448;

it.each([
  ["resnet18", [64, 128, 256], [112, 56, 28], "layer"],
  ["wide_resnet50_2", [256, 512, 1024], [112, 56, 28], "layer"],
  ["mcait", [768, 384], [28, 14], "none"],
] as const)("%s yields the maps of the paper", (name, channels, sides, normalization) => {
  const backbone = backboneOf(name);
  const wanted = sides.map((height, i) => ({ channels: channels[i], height, width: height }));
  expect(featureScales(backbone, side)).toEqual(wanted);
  expect(backbone.normalization).toBe(normalization);
  expect(backbone.preprocessing).toEqual({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
});

it("every backbone is registered under its own name", () => {
  for (const name of backboneNames) expect(backboneOf(name).name).toBe(name);
});

describe("a backbone whose weights are not embedded", () => {
  const separate: BackboneName[] = ["resnet18", "wide_resnet50_2", "mcait"];

  it.each(separate)("says how to get those of %s", async (name) => {
    await expect(backboneOf(name).network(side)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_WEIGHTS",
      message: expect.stringContaining(`uflow backbone pull ${name}", or`),
    });
  });

  it.each(separate)("refuses weights that are not those of %s", async (name) => {
    await expect(backboneOf(name).network(side, weightsOf(new Map()), "anywhere")).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_WEIGHTS",
      message: expect.stringMatching(`"${name}" \\(\\d+ missing`),
    });
  });
});

it("mcait has one input size, and needs a folder", async () => {
  const mcait = backboneOf("mcait");
  await expect(mcait.network(256)).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_OPTION",
    message: expect.stringMatching(/inputSize: expected 448.*"mcait".*received 256/),
  });
  await expect(mcait.network(448, weightsOf(new Map()))).rejects.toMatchObject({
    code: "ERR_UFLOW_BAD_OPTION",
    message: expect.stringMatching(/folder/),
  });
});
