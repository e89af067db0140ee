import { expect, it } from "vitest";
import { Random } from "#uflow/random.js";
import { half, halfBits } from "#uflow/weights/float16.js";

it("gives every float16 back", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = half(bits);
    if (Number.isNaN(value)) expect(half(halfBits(value))).toBeNaN();
    else if (halfBits(value) !== bits) expect.fail(`${bits} became ${halfBits(value)}`);
  }
});

it("rounds to the nearest, ties to even", () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [low, high] = [half(bits), half(bits + 1)];
    const middle = (low + high) / 2;
    const even = bits % 2 === 0 ? bits : bits + 1;
    const got = [middle - (high - low) / 8, middle, middle + (high - low) / 8].map(halfBits);
    if (got[0] !== bits || got[1] !== even || got[2] !== bits + 1) expect.fail(`${low} … ${high}: ${got}`);
  }
});

it("is infinite beyond its range, and keeps signs", () => {
  expect([65504, 65519.99, 65520, 1e30, Number.POSITIVE_INFINITY].map((x) => half(halfBits(x)))).toEqual([
    65504,
    65504,
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ]);
  const random = new Random(2);
  for (let i = 0; i < 1000; i++) {
    const value = Math.exp(random.between(-30, 15));
    expect(halfBits(-value)).toBe(halfBits(value) | 0x8000);
  }
  expect(halfBits(-0)).toBe(0x8000);
  expect(halfBits(1e-40)).toBe(0);
});
