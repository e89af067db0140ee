import { expect, it } from "vitest";
import type { Examined } from "#uflow/evaluate/examined.js";
import { selectImages } from "#uflow/evaluate/selection.js";
import { Random } from "#uflow/random.js";

const image = (path: string, kind: string, iou: number | null, logNfa: number) =>
  ({ path, kind, iou, logNfa, anomalous: logNfa < 0 }) as Examined;

const paths = (images: readonly Examined[]) => images.map(({ path }) => path);

it("takes the worst misses and the best hits of every kind, and the worst false alarms", () => {
  const cuts = Array.from({ length: 20 }, (_, i) => image(`cut ${i}`, "cut", i / 20, -i));
  const spots = [image("seen", "spot", 0.9, -50), image("unseen", "spot", 1e-18, 300)];
  const good = [image("quiet", "good", 1, 40), image("loud", "good", 0, -9), image("louder", "good", 0, -90)];
  expect(paths(selectImages([...good, ...spots, ...cuts]))).toEqual([
    ...["cut 0", "cut 1", "cut 2", "cut 17", "cut 18", "cut 19"],
    ...["unseen", "seen"],
    ...["louder", "loud"],
  ]);
});

it("orders misses by how far they were from a detection, images without a mask by whether there was one", () => {
  const near = image("near", "cut", 2e-19, 5);
  const far = image("far", "cut", 1e-18, 500);
  expect(paths(selectImages([near, far]))).toEqual(["far", "near"]);
  const found = image("found", "cut", null, -5);
  const missed = image("missed", "cut", null, 5);
  expect(paths(selectImages([found, missed]))).toEqual(["missed", "found"]);
});

it("shows the good image that came closest where there is no false alarm", () => {
  const good = [image("a", "good", 1, 90), image("b", "good", 1, 9), image("c", "good", 1, 50)];
  expect(paths(selectImages(good))).toEqual(["b"]);
});

it("selects the same when images come one by one and those that are not selected are let go", () => {
  const random = new Random(3);
  const images = Array.from({ length: 120 }, (_, i) => {
    const kind = ["good", "cut", "spot", "dent", "hole", "scratch"][random.below(6)]!;
    return image(`${i}`, kind, random.below(2) ? random.uniform() : 1e-18, random.between(-50, 20));
  });
  let kept: Examined[] = [];
  for (const next of images) kept = selectImages([...kept, next], 14);
  expect(new Set(paths(kept))).toEqual(new Set(paths(selectImages(images, 14))));
});

it("leaves out no kind, however many there are", () => {
  const images = Array.from({ length: 100 }, (_, i) => image(`${i}`, `kind ${i % 50}`, i / 100, -i));
  const shown = selectImages(images, 10);
  expect(shown).toHaveLength(50);
  expect(new Set(shown.map(({ kind }) => kind)).size).toBe(50);
});

it("has nothing to show of nothing", () => {
  expect(selectImages([])).toEqual([]);
});
