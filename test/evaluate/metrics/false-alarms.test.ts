import { expect, it } from "vitest";
import { falseAlarms } from "#uflow/evaluate/metrics/false-alarms.js";

it("averages regions over good images and counts the images that have any", () => {
  expect(falseAlarms([0, 0, 3, 1])).toEqual({ perGoodImage: 1, goodImagesWithDetection: 2 });
});

it("has no rate where there are no good images", () => {
  expect(falseAlarms([])).toEqual({ perGoodImage: null, goodImagesWithDetection: 0 });
});
