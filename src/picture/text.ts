import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import opentype, { type PathCommand } from "opentype.js";

/**
 * Text as outlines: pictures look the same on every machine, also in a container that has no fonts. The typeface is
 * B612, made for cockpit displays (SIL Open Font License).
 */
const require = createRequire(import.meta.url);

function loadFont(weight: 400 | 700) {
  const file = readFileSync(require.resolve(`@fontsource/b612/files/b612-latin-${weight}-normal.woff`));
  return opentype.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer);
}

const fonts = { regular: loadFont(400), bold: loadFont(700) };

export interface TextStyle {
  /** Pixels per em. */
  size: number;
  /** An SVG colour. */
  fill: string;
  /** Default `regular`. */
  weight?: keyof typeof fonts;
  /** What `x` is of the text. Default `start`. */
  anchor?: "start" | "middle" | "end";
}

/** Height of capital letters in ems; a line of text is centred by it. */
export const capHeight = 0.75;

/** Pixels from the beginning of a line of text to its end. */
export function textWidth(
  text: string,
  { size, weight = "regular" }: Pick<TextStyle, "size" | "weight">,
): number {
  return fonts[weight].getAdvanceWidth(text, size);
}

/** One line of text as an SVG element; y is the baseline. Nothing has to be escaped: these are outlines. */
export function drawText(text: string, x: number, y: number, style: TextStyle): string {
  const { size, fill, weight = "regular", anchor = "start" } = style;
  const shift = { start: 0, middle: 0.5, end: 1 }[anchor] * textWidth(text, style);
  const { commands } = fonts[weight].getPath(text, x - shift, y, size);
  return `<path fill="${fill}" d="${commands.map(pathData).join("")}"/>`;
}

/** opentype.js has this too, but there a coordinate a hair beside a whole number becomes NaN. */
function pathData({ type, x1, y1, x2, y2, x, y }: PathCommand): string {
  const numbers = [x1, y1, x2, y2, x, y].filter((value) => value !== undefined);
  return type + numbers.map((value) => value.toFixed(2)).join(" ");
}

/** The text, or as much of its end as fits after an ellipsis: of a path the end says more. */
export function fitText(text: string, width: number, style: Pick<TextStyle, "size" | "weight">): string {
  if (textWidth(text, style) <= width) return text;
  let kept = text.length - 1;
  while (kept > 0 && textWidth(`…${text.slice(-kept)}`, style) > width) kept -= 1;
  return kept > 0 ? `…${text.slice(-kept)}` : "";
}
