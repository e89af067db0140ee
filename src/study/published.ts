import type { MetricName } from "./run.js";

export type Published = Partial<Record<MetricName, number>>;

/** Where the figures are from. */
export const publishedSource =
  "Tailanian, Pardo, Musé: U-Flow, with MS-CaiT at 448 × 448 pixels, on MVTec AD";

const figures = (
  pixelAuroc: number,
  aupro: number,
  miouAutomatic: number,
  miouOracle: number,
): Published => ({
  pixelAuroc,
  aupro,
  miouAutomatic,
  miouOracle,
});

/** Published for single categories of MVTec AD. */
const ofCategory = new Map<string, Published>([
  ["bottle", figures(0.9865, 0.9564, 0.6564, 0.6617)],
  ["carpet", figures(0.9942, 0.9849, 0.5663, 0.5664)],
  ["hazelnut", figures(0.993, 0.9735, 0.6511, 0.6546)],
  ["screw", figures(0.9949, 0.9733, 0.3726, 0.3811)],
  ["toothbrush", figures(0.9879, 0.888, 0.4121, 0.4188)],
  ["transistor", figures(0.9787, 0.9188, 0.7354, 0.7381)],
]);

/** The mean over all of MVTec AD. */
const ofAll = figures(0.9874, 0.9519, 0.5408, 0.5453);

const mvtecCategories = [
  ...["bottle", "cable", "capsule", "carpet", "grid", "hazelnut", "leather", "metal_nut"],
  ...["pill", "screw", "tile", "toothbrush", "transistor", "wood", "zipper"],
];

/** What is published for a category; nothing unless it is called like one of MVTec AD and laid out so. */
export function publishedFor(category: { name: string; layout: string }): Published {
  return (category.layout === "mvtec" && ofCategory.get(category.name)) || {};
}

/** What is published for the mean; only of use when these are all categories of MVTec AD and no others. */
export function publishedForAll(categories: readonly { name: string; layout: string }[]): Published {
  const names = categories.filter(({ layout }) => layout === "mvtec").map(({ name }) => name);
  const all =
    categories.length === mvtecCategories.length && mvtecCategories.every((name) => names.includes(name));
  return all ? ofAll : {};
}
