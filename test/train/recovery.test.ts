import { expect, it } from "vitest";
import { lowered, troubleOf } from "#uflow/train/recovery.js";

it("finds a loss that is not finite, and one far above the level, in nats per latent value", () => {
  expect(troubleOf(Number.NaN, undefined, 100)).toBe("not finite");
  expect(troubleOf(Number.NEGATIVE_INFINITY, 5, 100)).toBe("not finite");
  expect(troubleOf(1e9, undefined, 100)).toBeUndefined();
  expect(troubleOf(-50, -150, 100)).toBeUndefined();
  expect(troubleOf(-49, -150, 100)).toBe("spike");
});

it("halves the rate four times and then gives up, saying what was tried", () => {
  const rates = [0.016];
  for (let i = 0; i < 4; i++) rates.push(lowered(rates.at(-1)!, 0.016, 3));
  expect(rates).toEqual([0.016, 0.008, 0.004, 0.002, 0.001]);
  expect(() => lowered(0.001, 0.016, 3)).toThrow(
    expect.objectContaining({
      code: "ERR_UFLOW_DIVERGED",
      message: expect.stringMatching(
        /after epoch 3, with a learning rate of 0\.016 .* down to 0\.001\. Use a lower/,
      ),
    }),
  );
});
