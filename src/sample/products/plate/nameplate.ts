import { lettering } from "../../lettering.js";
import { insideHexagon, insideRoundedBox, type Point } from "../../shape.js";
import type { Stencil } from "../../stencil.js";
import type { Box } from "../../surface.js";

/** A piece of the print, for defects that spoil it. */
export interface Mark {
  u: number;
  v: number;
  radius: number;
}

/** The print of the type plate: the same on every part. */
export const nameplate: { box: Box; marks: readonly Mark[] } = {
  box: { left: -0.4, top: -0.37, right: 0.4, bottom: 0.37 },
  marks: [
    { u: -0.2, v: -0.14, radius: 0.1 },
    { u: -0.01, v: -0.15, radius: 0.09 },
    { u: 0.17, v: -0.15, radius: 0.09 },
    { u: -0.2, v: 0.09, radius: 0.08 },
    { u: -0.08, v: 0.17, radius: 0.08 },
    { u: 0.25, v: 0.14, radius: 0.08 },
  ],
};

const texts: readonly { text: string; at: Point; height: number; pen: number }[] = [
  { text: "UFLOW", at: [-0.075, -0.19], height: 0.078, pen: 0.0095 },
  { text: "TYPE U-216", at: [-0.28, 0.055], height: 0.036, pen: 0.0042 },
  { text: "24 V= 3.2 A", at: [-0.28, 0.118], height: 0.036, pen: 0.0042 },
  { text: "IP67 -25/+70", at: [-0.28, 0.181], height: 0.036, pen: 0.0042 },
];

/** Draws the print, displaced by `register`. */
export function engraveNameplate(stencil: Stencil, [du, dv]: Point): void {
  for (const { text, at, height, pen } of texts) {
    for (const line of lettering(text, [at[0] + du, at[1] + dv], height)) stencil.stroke(line, pen);
  }
  const rule: Point[] = [
    [-0.28 + du, 0.005 + dv],
    [0.32 + du, 0.005 + dv],
  ];
  stencil.stroke(rule, 0.0022);
  emblem(stencil, -0.2 + du, -0.14 + dv);
  for (const [column, row] of codeModules)
    module(stencil, 0.19 + du + column * cell, 0.075 + dv + row * cell);
}

/** A hexagon ring with three waves in it. */
function emblem(stencil: Stencil, u0: number, v0: number): void {
  const reach = 0.1;
  const box = { left: u0 - reach, right: u0 + reach, top: v0 - reach, bottom: v0 + reach };
  stencil.shape(box, (u, v) => {
    const inside = insideHexagon(v - v0, u - u0, 0.082);
    return Math.min(inside, 0.013 - inside);
  });
  for (const [row, half] of [0.046, 0.056, 0.046].entries()) {
    const middle = v0 + (row - 1) * 0.036;
    const wave = Array.from({ length: 13 }, (_, i): Point => {
      const t = i / 6 - 1;
      return [u0 + half * t, middle + 0.009 * Math.sin(Math.PI * 1.5 * t)];
    });
    stencil.stroke(wave, 0.0065);
  }
}

/** Side of one square of the data code. */
const cell = 0.0125;

/** A data code of 11 × 11 squares: solid left and lower border, dashed upper and right border, data inside. */
const codeModules: readonly Point[] = Array.from(
  { length: 121 },
  (_, i): Point => [i % 11, Math.floor(i / 11)],
).filter(([column, row]) => {
  if (column === 0 || row === 10) return true;
  if (row === 0) return column % 2 === 0;
  if (column === 10) return row % 2 === 0;
  return (((column * 7 + row * 13 + column * row * 5) * 2654435761) >>> 7) % 2 === 0;
});

function module(stencil: Stencil, u0: number, v0: number): void {
  const half = cell / 2;
  const box = { left: u0 - half, right: u0 + half, top: v0 - half, bottom: v0 + half };
  stencil.shape(box, (u, v) => insideRoundedBox(u - u0, v - v0, half, half, 0.001));
}
