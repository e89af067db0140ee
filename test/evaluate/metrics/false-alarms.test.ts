import { expect, it } from "vitest";
import { falseAlarms, watchedEpsilons } from "#uflow/evaluate/metrics/false-alarms.js";
import { binomialInterval, poissonInterval } from "#uflow/evaluate/metrics/intervals.js";

it("averages regions over good images and counts the images that have any", () => {
  expect(falseAlarms([0, 0, 3, 1])).toEqual({
    perGoodImage: 1,
    perGoodImageInterval: poissonInterval(4, 4),
    goodImagesWithDetection: 2,
    imageShareInterval: binomialInterval(2, 4),
    atEpsilon: [],
  });
});

it("does the same at every ε that is watched", () => {
  const { atEpsilon } = falseAlarms(
    [0, 1],
    [
      [0, 0, 0, 4],
      [0, 0, 1, 5],
    ],
  );
  expect(atEpsilon.map(({ epsilon }) => epsilon)).toEqual(watchedEpsilons);
  expect(atEpsilon.map(({ perGoodImage }) => perGoodImage)).toEqual([0, 0, 0.5, 4.5]);
  expect(atEpsilon.map(({ goodImagesWithDetection }) => goodImagesWithDetection)).toEqual([0, 0, 1, 2]);
  expect(atEpsilon[3]!.perGoodImageInterval).toEqual(poissonInterval(9, 2));
});

it("has no rate where there are no good images", () => {
  expect(falseAlarms([])).toEqual({
    perGoodImage: null,
    perGoodImageInterval: null,
    goodImagesWithDetection: 0,
    imageShareInterval: null,
    atEpsilon: [],
  });
});
