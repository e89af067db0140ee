import type { Random } from "../../../random.js";
import { Belt } from "../../belt.js";
import { type Colour, fromSrgb, mixed } from "../../colour.js";
import { Noise } from "../../noise.js";
import type { Point } from "../../shape.js";

/** A blister pack: two columns of five oblong tablets under clear domes on knurled foil, on the belt. */
export interface Blister {
  belt: Belt;
  wrinkles: Noise;
  powder: Noise;
  tablets: Tablet[];
  cracks: Crack[];
  crumbs: Crumb[];
}

export interface Tablet {
  /** Middle of its pocket. */
  u: number;
  v: number;
  /** How far it lies from there, and how far it is turned. */
  shift: Point;
  turn: number;
  colour: Colour;
  missing: boolean;
  /** The line along which it broke: direction of what is lost, and how far from the middle the break is. */
  broken: { towards: number; at: number } | undefined;
}

export interface Crack {
  points: Point[];
  radius: number;
}

export interface Crumb {
  u: number;
  v: number;
  radius: number;
  colour: Colour;
}

export const halfWidth = 0.42;
export const halfHeight = 0.45;
/** Middles of the pockets, across and down. */
export const columns = [-0.2, 0.2] as const;
export const rows = [-0.35, -0.185, -0.02, 0.145, 0.31] as const;
export const coating: Colour = fromSrgb(0xe9c9a2);
/** What is inside a tablet. */
export const core: Colour = fromSrgb(0xf3ece0);

/** Draws one part. */
export function plan(random: Random): Blister {
  const tablets = rows.flatMap((v) =>
    columns.map((u): Tablet => {
      const shift: Point = [0.006 * random.normal(), 0.003 * random.normal()];
      const colour = mixed(coating, core, random.between(0, 0.12));
      return { u, v, shift, turn: 0.035 * random.normal(), colour, missing: false, broken: undefined };
    }),
  );
  const noise = (cells: number) => new Noise(random, cells);
  return { belt: new Belt(random), wrinkles: noise(32), powder: noise(128), tablets, cracks: [], crumbs: [] };
}
