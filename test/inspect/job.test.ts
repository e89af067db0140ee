import { expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { Job } from "#uflow/inspect/job.js";
import { Meter } from "#uflow/inspect/meter.js";
import { checkInspectOptions } from "#uflow/inspect/options.js";

/** A job, and how often it has given its memory back. */
function job() {
  const given = { back: 0 };
  const own = { source: new Uint8Array(4), transfer: [], release: () => void given.back++ };
  const made = new Job(0, own, checkInspectOptions({}), new Meter(), () => {});
  made.outcome.catch(() => {});
  return { made, given };
}

const failure = new UflowError("ERR_UFLOW_LANE", "gone");

it("gives its memory back once, with its outcome", () => {
  const { made, given } = job();
  made.enterLane();
  made.leaveLane();
  expect(given.back).toBe(0);
  made.fail(failure);
  made.expire();
  expect(given.back).toBe(1);
});

it("gives it back at the deadline where it still waited", () => {
  const { made, given } = job();
  made.expire();
  expect(given.back).toBe(1);
});

it("keeps it beyond the deadline as long as a lane reads it", () => {
  const { made, given } = job();
  made.enterLane();
  made.expire();
  expect(given.back).toBe(0);
  made.leaveLane();
  expect(given.back).toBe(1);
});

it("keeps it from a lane that died to the next", () => {
  const { made, given } = job();
  made.enterLane();
  made.leaveLane();
  made.enterLane();
  made.leaveLane();
  expect(given.back).toBe(0);
  made.fail(failure);
  expect(given.back).toBe(1);
});
