import { expect, it } from "vitest";
import { notesOn } from "#uflow/evaluate/summary.js";

const bounds = { pixelAuroc: 0, pixelAveragePrecision: 0, aupro: 0, aupro005: 0, pixelF1Max: 0 };

it("says when scores did not fit into memory", () => {
  const notes = (scoreBits: number) => notesOn([], [], { exact: scoreBits === 32, scoreBits, bounds });
  expect(notes(32).join()).not.toContain("memory");
  expect(notes(29)[0]).toContain("pixel metrics rest on 29 of their 32 bits");
});
