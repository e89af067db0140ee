import { expect, it } from "vitest";
import { Recorder } from "#uflow/records/recorder.js";
import { inspection, recordable, records, settings, undecided } from "./frames.js";

const sortedAndUnique = (ids: readonly string[]) => {
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
};

it("gives ids that begin with the time, as UUIDs of version 7", () => {
  const now = Date.UTC(2026, 0, 31, 8);
  const { id, time } = new Recorder({ now: () => now }).record(recordable());
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replace("-", "").slice(0, 12), 16)).toBe(now);
  expect(time).toBe("2026-01-31T08:00:00.000Z");
});

it("keeps ids in order and unique when the clock is set back, and tells the clock's time", () => {
  let now = Date.UTC(2026, 0, 31, 8);
  const recorder = new Recorder({ now: () => now });
  const before = records(3, {}, recorder);
  now -= 3_600_000;
  const after = records(3, {}, recorder);
  now += 7_200_000;
  const later = records(3, {}, recorder);
  const all = [...before, ...after, ...later];
  sortedAndUnique(all.map(({ id }) => id));
  expect(all.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(after[0]!.time).toBe("2026-01-31T07:00:00.000Z");
  expect(later[0]!.id.slice(0, 13)).not.toBe(before[0]!.id.slice(0, 13));
});

it("keeps ids in order when more are made in a millisecond than it can count", () => {
  const recorder = new Recorder({ now: () => 1e12 });
  sortedAndUnique(records(10_000, {}, recorder).map(({ id }) => id));
});

it("goes on after the last record of an earlier run, whose clock was ahead", () => {
  const [first] = records(1, {}, new Recorder({ now: () => 2e12 }));
  const [second] = records(1, {}, new Recorder({ now: () => 1e12, after: first }));
  expect(second!.sequence).toBe(2);
  sortedAndUnique([first!.id, second!.id]);
  expect(() => new Recorder({ after: { id: "first", sequence: 1 } })).toThrow(
    /after\.id: expected the id of a record/,
  );
});

it("takes the findings of a verdict, and of no verdict the reason", () => {
  const [good, none] = [
    new Recorder().record(recordable()),
    new Recorder().record(recordable({ outcome: undecided })),
  ];
  const { logNfa, anomalyScore, timings, meanEnergies, area } = inspection();
  expect(good).toMatchObject({
    verdict: "good",
    area,
    logNfa,
    anomalyScore,
    regions: [],
    timings,
    meanEnergies,
    error: null,
  });
  expect(good.image).toEqual({ name: "part.png", sha256: "a".repeat(64), width: 8, height: 8 });
  expect(good.settings).toBe(settings);
  expect(none).toMatchObject({
    verdict: "undecided",
    area: null,
    logNfa: null,
    anomalyScore: null,
    regions: [],
    timings: null,
  });
  expect(none.error).toEqual({ reason: "deadline", code: "ERR_UFLOW_BUSY", message: "too late" });
});

it("makes records that JSON does not change", () => {
  const record = new Recorder().record(recordable({ outcome: inspection(true) }));
  expect(JSON.parse(JSON.stringify(record))).toEqual(record);
});
