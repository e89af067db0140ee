import type { Point } from "./shape.js";

/**
 * An engraver's alphabet: each letter as lines through points of a grid, two digits per point (column 0 … 4, row 0 … 6
 * from the top), lines separated by commas.
 */
const letters: Readonly<Record<string, string>> = {
  A: "06 20 46,14 34",
  B: "00 30 41 42 33 03,33 44 45 36 06 00",
  C: "41 30 10 01 05 16 36 45",
  D: "00 20 42 44 26 06 00",
  E: "40 00 06 46,03 33",
  F: "40 00 06,03 33",
  I: "20 26",
  L: "00 06 46",
  M: "06 00 23 40 46",
  N: "06 00 46 40",
  O: "10 30 41 45 36 16 05 01 10",
  P: "06 00 30 41 42 33 03",
  T: "00 40,20 26",
  U: "00 05 16 36 45 40",
  V: "00 26 40",
  W: "00 16 22 36 40",
  X: "00 46,40 06",
  Y: "00 23 40,23 26",
  0: "10 30 41 45 36 16 05 01 10",
  1: "11 20 26,16 36",
  2: "01 10 30 41 42 06 46",
  3: "01 10 30 41 42 33 13,33 44 45 36 16 05",
  4: "36 30 04 44",
  5: "40 00 02 32 43 45 36 06",
  6: "40 20 02 05 16 36 45 44 33 03",
  7: "00 40 16",
  8: "10 30 41 42 33 13 02 01 10,13 04 05 16 36 45 44 33",
  "-": "13 33",
  "+": "03 43,21 25",
  "=": "02 42,04 44",
  ".": "26 26",
  "/": "06 40",
};

/** The lines of a text whose first letter has its upper left corner at `at`; `height` of a capital, in image sides. */
export function lettering(text: string, at: Point, height: number): Point[][] {
  const unit = height / 6;
  return [...text].flatMap((letter, i) => {
    const lines = letters[letter]?.split(",") ?? [];
    return lines.map((line) =>
      line.split(" ").map((point): Point => {
        return [at[0] + (6 * i + Number(point[0])) * unit, at[1] + Number(point[1]) * unit];
      }),
    );
  });
}
