import { describe, expect, it } from "vitest";
import { checkWeights, joinWeights, type WantedWeights, weightsUnder } from "#uflow/backbone/index.js";
import { weightsOf } from "./test-weights.js";

const wanted: WantedWeights = {
  network: "tiny",
  shapes: new Map([
    ["a.weight", [2, 2]],
    ["a.bias", [2]],
  ]),
  unused: (name) => name.startsWith("head."),
};

const tensor = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });
const square = (...data: number[]) => ({ shape: [2, 2], data: Float32Array.from(data) });
const good = { "a.weight": square(1, 2, 3, 4), "a.bias": tensor(5, 6) };
const map = (tensors: Record<string, ReturnType<typeof tensor>>) =>
  weightsOf(new Map(Object.entries(tensors)));

function refusal(pattern: RegExp) {
  return expect.objectContaining({
    code: "ERR_UFLOW_BAD_WEIGHTS",
    message: expect.stringMatching(pattern),
  });
}

describe("checked weights", () => {
  it("are read when they fit, whatever there is for unused parts", async () => {
    const read = checkWeights(map({ ...good, "head.weight": tensor(1) }), wanted);
    expect(await read("a.bias")).toEqual(Float32Array.of(5, 6));
  });

  it.each([
    ["missing", { "a.weight": good["a.weight"] }, /"tiny" \(1 missing: a\.bias\)/],
    ["unknown", { ...good, "b.bias": tensor(1), "c.bias": tensor(1) }, /2 unknown: b\.bias, c\.bias/],
    ["of another shape", { ...good, "a.bias": tensor(1, 2, 3) }, /a\.bias is \[3\] instead of \[2\]/],
    ["behind a prefix", { "x.y.a.weight": good["a.weight"] }, /names begin with "x\.y\.", which must go/],
  ])("are refused when a tensor is %s", (_, tensors, pattern) => {
    expect(() => checkWeights(map(tensors), wanted)).toThrow(refusal(pattern));
  });

  it("name three differences of a kind at most", () => {
    const many = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`z${i}`, tensor(1)]));
    expect(() => checkWeights(map({ ...good, ...many }), wanted)).toThrow(
      refusal(/5 unknown: z0, z1, z2, …\)/),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "are refused with %d",
    async (bad) => {
      const read = checkWeights(map({ ...good, "a.weight": square(1, 2, bad, 4) }), wanted);
      await expect(read("a.weight")).rejects.toThrow(
        refusal(/a\.weight holds -?(NaN|Infinity) at position 2/),
      );
    },
  );

  it("are refused when there are fewer numbers than the shape says", async () => {
    const read = checkWeights(map({ ...good, "a.weight": { ...square(1, 2, 3) } }), wanted);
    await expect(read("a.weight")).rejects.toThrow(refusal(/a\.weight holds 3 numbers instead of 4/));
  });
});

it("joined and taken apart again are the same weights", async () => {
  const joined = joinWeights({ "one.": map(good), "two.": map({ only: tensor(7) }) });
  expect([...joined.shapes.keys()]).toEqual(["one.a.weight", "one.a.bias", "two.only"]);
  expect(await joined.read("two.only")).toEqual(Float32Array.of(7));
  const one = weightsUnder("one.", joined);
  expect([...one.shapes]).toEqual([...map(good).shapes]);
  expect(await one.read("a.bias")).toEqual(good["a.bias"].data);
});
