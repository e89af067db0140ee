import type { Random } from "../random.js";
import { type Colour, fromSrgb } from "./colour.js";
import { Noise } from "./noise.js";

/** The conveyor belt beneath a part: dark rubber with a fine grain and traces of wear. */
export class Belt {
  readonly rubber: Colour = fromSrgb(0x34393f);
  private readonly noise: Noise;

  constructor(random: Random) {
    this.noise = new Noise(random, 128);
  }

  /** Brightness of the belt at a place of the part's coordinates, about 1. */
  tone(u: number, v: number): number {
    return 1 + 0.16 * this.noise.at(140 * u, 140 * v) + 0.1 * this.noise.at(9 * u, 9 * v);
  }
}
