import { expect, it } from "vitest";
import { Pace } from "#uflow/records/audit/pace.js";

const hour = 3_600_000;
const day = 24 * hour;

it("lets a day go at once, and a day more with each hour, of which it saves up one", () => {
  let elapsed = 5 * hour;
  const pace = new Pace(() => elapsed);
  expect([pace.allowed, pace.full]).toEqual([day, true]);
  pace.spend(day);
  expect(pace.allowed).toBe(0);
  elapsed += hour / 2;
  expect([pace.allowed, pace.full]).toEqual([day / 2, false]);
  pace.spend(day / 4);
  expect(pace.allowed).toBe(day / 4);
  elapsed += 100 * hour;
  expect(pace.allowed).toBe(day);
});

it("is held up for an hour at most by a leap of the recorded time, and gains nothing by a leap back", () => {
  let elapsed = 0;
  const pace = new Pace(() => elapsed);
  pace.spend(50 * 365 * day);
  expect(pace.allowed).toBe(0);
  elapsed += hour;
  expect(pace.allowed).toBe(day);
  pace.spend(-365 * day);
  expect(pace.allowed).toBe(day);
});
