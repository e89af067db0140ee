import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Colour = [red: number, green: number, blue: number];

const palette = readFileSync(new URL("../../web/style/palette.css", import.meta.url), "utf8");
const themes = ["light", "dark"] as const;

/** A colour of a theme, linear, 0 … 1. */
function colour(name: string, theme: (typeof themes)[number]): Colour {
  const pair = palette.match(new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`));
  const hex = pair?.[theme === "light" ? 1 : 2];
  if (!hex) throw new Error(`there is no colour ${name}`);
  return [1, 3, 5].map((at) => linear(Number.parseInt(hex.slice(at, at + 2), 16) / 255)) as Colour;
}

const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

const luminance = ([red, green, blue]: Colour) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;

/** WCAG 2.2, "contrast ratio". */
function contrast(a: Colour, b: Colour): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** What the colour-blind see of linear colours: F. Viénot, H. Brettel, J. Mollon, 1999, for sRGB. */
const blindness: Record<string, number[][]> = {
  protanopia: [
    [0.11238, 0.88762, 0],
    [0.11238, 0.88762, 0],
    [0.00401, -0.00401, 1],
  ],
  deuteranopia: [
    [0.29275, 0.70725, 0],
    [0.29275, 0.70725, 0],
    [-0.02234, 0.02234, 1],
  ],
};

const seen = (matrix: number[][], [red, green, blue]: Colour) =>
  matrix.map((row) => row[0]! * red + row[1]! * green + row[2]! * blue) as Colour;

/** Distance in CIELAB, D65; 2.3 is just noticeable. */
function distance(a: Colour, b: Colour): number {
  const [x, y] = [lab(a), lab(b)];
  return Math.hypot(...x.map((value, i) => value - y[i]!));
}

function lab([r, g, b]: Colour): number[] {
  const f = (t: number) => (t > 0.008856 ? Math.cbrt(Math.max(t, 0)) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

describe.each(themes)("the %s palette", (theme) => {
  const of = (name: string) => colour(name, theme);

  it.each([
    ["text", "page", 7],
    ["text", "panel", 7],
    ["text", "stage", 7],
    ["muted", "page", 7],
    ["muted", "panel", 7],
    ["on-action", "action", 7],
    ["on-good", "good", 4.5],
    ["on-anomalous", "anomalous", 4.5],
    ["on-undecided", "undecided", 7],
    ["on-stale", "stale", 7],
    ["anomalous", "page", 4.5],
    ["good", "page", 4.5],
    // What is no text: WCAG 2.2, "non-text contrast".
    ["edge", "page", 3],
    ["focus", "page", 3],
    ["line-1", "page", 3],
    ["line-2", "page", 3],
    ["line-3", "page", 3],
  ])("shows %s on %s with a contrast of at least %d", (front, back, least) => {
    expect(contrast(of(front), of(back))).toBeGreaterThanOrEqual(least);
  });

  it.each(Object.keys(blindness))("keeps verdicts apart under %s", (kind) => {
    const verdicts = ["good", "anomalous", "undecided", "stale"].map((name) =>
      seen(blindness[kind]!, of(name)),
    );
    for (const [i, a] of verdicts.entries()) {
      for (const b of verdicts.slice(i + 1)) expect(distance(a, b)).toBeGreaterThan(20);
    }
  });
});
