import type { Random } from "../random.js";

/** Smooth value noise in the plane: random numbers on a lattice of unit cells, interpolated; repeats every `cells`. */
export class Noise {
  private readonly values: Float32Array;
  private readonly mask: number;
  private readonly shift: number;

  /** `cells`: period of the lattice, a power of two. */
  constructor(random: Random, cells = 64) {
    this.values = new Float32Array(cells * cells);
    for (let i = 0; i < this.values.length; i++) this.values[i] = random.between(-1, 1);
    this.mask = cells - 1;
    this.shift = Math.log2(cells);
  }

  /** The noise at (x, y), in units of lattice cells: −1 … 1, mean 0. */
  at(x: number, y: number): number {
    const { values, mask, shift } = this;
    const column = Math.floor(x);
    const row = Math.floor(y);
    const fx = x - column;
    const fy = y - row;
    const sx = fx * fx * (3 - 2 * fx);
    const sy = fy * fy * (3 - 2 * fy);
    const left = column & mask;
    const right = (column + 1) & mask;
    const top = (row & mask) << shift;
    const bottom = ((row + 1) & mask) << shift;
    const upper = values[top + left]! + sx * (values[top + right]! - values[top + left]!);
    const lower = values[bottom + left]! + sx * (values[bottom + right]! - values[bottom + left]!);
    return upper + sy * (lower - upper);
  }

  /** Three octaves, for ragged outlines and cloudy areas: about −1 … 1. */
  cloud(x: number, y: number): number {
    return (
      0.55 * this.at(x, y) + 0.3 * this.at(2.1 * x + 17.3, 2.1 * y) + 0.15 * this.at(4.3 * x, 4.3 * y + 9.1)
    );
  }
}
