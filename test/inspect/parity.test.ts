import { describe, expect, it } from "vitest";
import { type Outcome, parity } from "#uflow/inspect/parity.js";

const size = { width: 2, height: 2 };

function outcome(energies: number[], logNfa: number[], mask: number[]): Outcome {
  return {
    energies: [
      { data: Float32Array.of(8, 8, 8, 8), channels: 8, ...size },
      { data: Float32Array.from(energies), channels: 4, ...size },
    ],
    logNfaMap: { data: Float32Array.from(logNfa), ...size },
    mask: { data: Uint8Array.from(mask), ...size },
  };
}

describe("parity", () => {
  const wanted = outcome([100, 4, 1, 0], [-30, 2, 3, 4], [1, 1, 0, 0]);

  it("of equal outcomes is perfect, also where nothing is detected", () => {
    expect(parity(wanted, wanted)).toEqual({ energy: 0, logNfa: 0, maskIou: 1 });
    const calm = outcome([1, 1, 1, 1], [2, 2, 2, 2], [0, 0, 0, 0]);
    expect(parity(calm, calm).maskIou).toBe(1);
  });

  it("is the worst pixel's; small energies count by the mean of χ²", () => {
    const got = outcome([110, 4, 2, 0], [-28, 2, 3.5, 4], [1, 0, 1, 0]);
    expect(parity(wanted, got)).toEqual({ energy: 0.25, logNfa: 2, maskIou: 1 / 3 });
  });
});
