import type { Random } from "../../../random.js";
import { Belt } from "../../belt.js";
import { Noise } from "../../noise.js";
import type { Point, Spot } from "../../shape.js";

/** A type plate: brushed aluminium, a print in black and four screws, on the belt. */
export interface Plate {
  belt: Belt;
  brush: Noise;
  clouds: Noise;
  /** Where the brushed metal mirrors the lamp, image sides right of the middle. */
  sheen: number;
  /** How far the print is from its place. */
  register: Point;
  screws: Screw[];
  scratches: Scratch[];
  dents: Dent[];
  /** Where the print is gone. */
  worn: Spot[];
  smear: Smear | undefined;
  rust: Spot[];
}

export interface Screw {
  u: number;
  v: number;
  /** How far it is turned, radians. */
  turn: number;
  missing: boolean;
}

export interface Scratch {
  points: Point[];
  radius: number;
  depth: number;
  brightness: number;
}

export interface Dent {
  u: number;
  v: number;
  radius: number;
  depth: number;
}

/** Wet print that was wiped: the print inside the spot is drawn out to (`toU`, `toV`). */
export interface Smear {
  spot: Spot;
  toU: number;
  toV: number;
}

export const halfWidth = 0.43;
export const halfHeight = 0.4;

/** Draws one part. */
export function plan(random: Random): Plate {
  const screw = (u: number, v: number): Screw => ({ u, v, turn: random.between(0, Math.PI), missing: false });
  return {
    belt: new Belt(random),
    brush: new Noise(random, 256),
    clouds: new Noise(random, 32),
    sheen: random.between(-0.12, 0.04),
    register: [0.003 * random.normal(), 0.002 * random.normal()],
    screws: [screw(-0.365, -0.335), screw(0.365, -0.335), screw(-0.365, 0.335), screw(0.365, 0.335)],
    scratches: [],
    dents: [],
    worn: [],
    smear: undefined,
    rust: [],
  };
}
