import type { Random } from "../../../random.js";
import type { Colour } from "../../colour.js";

/** Distance between threads, image sides. */
export const pitch = 1 / 36;
const threadCount = 64;
export const threadMask = threadCount - 1;
/** Where there is no thread: lower than any. */
export const absent = -1;
/** Half the height of a thread's cross-section. */
export const thickness = 0.36 * pitch;

/** The threads of one direction, side by side. */
export class Threads {
  readonly width = new Float32Array(threadCount);
  readonly tone = new Float32Array(threadCount);
  readonly colour: Colour[];
  /** The stretch along which a thread is missing; none where `from` is infinite. */
  readonly from = new Float32Array(threadCount).fill(Infinity);
  readonly to = new Float32Array(threadCount).fill(-Infinity);

  constructor(random: Random, colour: Colour) {
    this.colour = Array.from({ length: threadCount }, () => colour);
    for (let i = 0; i < threadCount; i++) {
      this.width[i] = random.between(0.82, 0.94);
      this.tone[i] = 1 + 0.05 * random.normal();
    }
  }

  /** Height of a thread's round back `across` (−1 … 1) from its middle; `absent` beside it or where it is missing. */
  back(i: number, across: number, along: number): number {
    const to = this.to[i]!;
    const from = this.from[i]!;
    if (along > from && along < to) return absent;
    const beyondEnd = Math.max(from - along, along - to);
    // A torn end thins out.
    const width = this.width[i]! * (beyondEnd < pitch && from < to ? 0.45 + (0.55 * beyondEnd) / pitch : 1);
    const a = across / width;
    return a * a < 1 ? thickness * Math.sqrt(1 - a * a) : absent;
  }
}
