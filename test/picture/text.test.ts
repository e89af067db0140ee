import { expect, it } from "vitest";
import { drawText, fitText, textWidth } from "#uflow/picture/text.js";

const style = { size: 14.3, fill: "#fff" };

it("draws outlines with numbers only, wherever the text stands", () => {
  for (let shift = 0; shift < 40; shift++) {
    const text = drawText("log NFA −37.4 · 2 regions <&> 缺陷", 400 - shift / 7, 268.3, style);
    expect(text).toMatch(/^<path fill="#fff" d="[MLQCZ0-9 .-]+"\/>$/);
  }
});

it("shortens a text to its end", () => {
  const path = "line/plate/test/scratch/a-rather-long-name-of-a-part-000.png";
  expect(fitText(path, 1000, style)).toBe(path);
  const short = fitText(path, 120, style);
  expect(short).toMatch(/^….*000\.png$/);
  expect(textWidth(short, style)).toBeLessThanOrEqual(120);
  expect(fitText(path, 3, style)).toBe("");
});
