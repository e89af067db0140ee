import { expect, it } from "vitest";
import { loadAddon } from "#uflow/kernels/addon.js";
import { adamStep, gradientNorm } from "#uflow/kernels/training.js";
import { Random } from "#uflow/random.js";

const random = new Random(9);
const numbers = (count: number) => Float32Array.from({ length: count }, () => random.normal());
const pieces = () => [numbers(3), numbers(5000)];
const vectors = () => ({
  values: numbers(5003),
  firstMoment: numbers(5003),
  secondMoment: numbers(5003).map((x) => x * x),
});
const rates = { gradientScale: 0.5, weightDecay: 1e-5, stepSize: 0.01, inverseCorrection: 2 };
const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...rates, threads: 2 };

it("takes the step of its specification, into copies too, and gives the gradients' memory back", () => {
  const [gradients, before, copy] = [[pieces(), pieces()], vectors(), new Float32Array(5003)];
  const [after, wanted] = [vectors(), vectors()];
  loadAddon().plain.adamStep(structuredClone(gradients), options, before, wanted);
  adamStep(gradients, options, before, after, [copy]);
  expect(after).toEqual(wanted);
  expect(copy).toEqual(wanted.values);
  expect(gradients.flat().map(({ length }) => length)).toEqual([0, 0, 0, 0]);
});

it("tells the norm of the sum of the shares", () => {
  const [a, b] = [Float32Array.of(1, 2), Float32Array.of(2, 2)];
  expect(gradientNorm([[a], [b]], 1)).toBe(5);
});

const good = vectors();
it.each([
  ["no shares", [], good, "BAD_OPTION", /1 to 1024 elements for gradients but received 0/],
  [
    "shares of other pieces",
    [pieces(), [numbers(3)]],
    good,
    "BAD_TENSOR",
    /gradients\[0\], 2, but received 1/,
  ],
  ["pieces of other lengths", [pieces(), [numbers(3), numbers(4)]], good, "BAD_TENSOR", /5000 elements for/],
  ["pieces that are no arrays", [[1, 2]], good, "BAD_TENSOR", /Float32Array for a piece of gradients\[0\]/],
  ["vectors that are too short", [pieces()], { ...good, values: numbers(3) }, "BAD_TENSOR", /before\.values/],
  ["vectors that are missing", [pieces()], { values: good.values }, "BAD_TENSOR", /before\.firstMoment/],
])("refuses %s", (_, gradients, before, code, message) => {
  const call = () => adamStep(gradients as Float32Array[][], options, before as typeof good, good);
  expect(call).toThrow(
    expect.objectContaining({ code: `ERR_UFLOW_${code}`, message: expect.stringMatching(message) }),
  );
});

it("refuses options that are missing", () => {
  const { stepSize, ...others } = options;
  expect(() => adamStep([pieces()], others as typeof options, good, good)).toThrow(/options\.stepSize/);
});
