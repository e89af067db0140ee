import { expect, it } from "vitest";
import { colourOf } from "#uflow/picture/colour-map.js";

it("goes from black to pale yellow and becomes lighter all the way", () => {
  expect(colourOf(0)).toEqual([0, 0, 4]);
  expect(colourOf(1)).toEqual([0xfc, 0xff, 0xa4]);
  expect([colourOf(-3), colourOf(7)]).toEqual([colourOf(0), colourOf(1)]);
  const lightness = Array.from({ length: 101 }, (_, i) => {
    const [red, green, blue] = colourOf(i / 100);
    return 0.2126 * red ** 2.2 + 0.7152 * green ** 2.2 + 0.0722 * blue ** 2.2;
  });
  for (let i = 1; i < lightness.length; i++) expect(lightness[i]).toBeGreaterThanOrEqual(lightness[i - 1]!);
});
