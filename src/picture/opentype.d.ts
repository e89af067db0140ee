/** The part of opentype.js that is used; the types on npm bring the browser's globals with them. */
declare module "opentype.js" {
  /** A step of an outline: move, line, quadratic or cubic curve, close. Control points are x1, y1, x2, y2. */
  export interface PathCommand {
    type: "M" | "L" | "Q" | "C" | "Z";
    x1?: number;
    y1?: number;
    x2?: number;
    y2?: number;
    x?: number;
    y?: number;
  }
  export interface Font {
    /** Width of a line of text, pixels at this size. */
    getAdvanceWidth(text: string, size: number): number;
    /** Outlines, the baseline beginning at (x, y). */
    getPath(text: string, x: number, y: number, size: number): { commands: PathCommand[] };
  }
  const opentype: { parse(bytes: ArrayBuffer): Font };
  export default opentype;
}
