import type { Random } from "../../../random.js";
import { type Colour, fromSrgb } from "../../colour.js";
import { Noise } from "../../noise.js";
import type { Point, Spot } from "../../shape.js";
import { pitch, Threads } from "./threads.js";

/** A plain weave of blue warp (along v) and pale weft (along u), seen from above on a dark table. */
export interface Cloth {
  /** Where thread 0 lies under the camera. */
  offset: Point;
  warp: Threads;
  weft: Threads;
  /** How far the threads wander from their places. */
  wave: Noise;
  yarn: Noise;
  clouds: Noise;
  stains: Stain[];
  fibres: Fibre[];
}

export interface Stain {
  spot: Spot;
  colour: Colour;
  strength: number;
}

/** A hair or a snippet of yarn that lies on the cloth. */
export interface Fibre {
  points: Point[];
  radius: number;
  colour: Colour;
}

/** Draws one part. */
export function plan(random: Random): Cloth {
  return {
    offset: [random.uniform() * 2 * pitch, random.uniform() * 2 * pitch],
    warp: new Threads(random, fromSrgb(0x54708f)),
    weft: new Threads(random, fromSrgb(0xbfc4c2)),
    wave: new Noise(random, 16),
    yarn: new Noise(random, 128),
    clouds: new Noise(random, 16),
    stains: [],
    fibres: [],
  };
}
