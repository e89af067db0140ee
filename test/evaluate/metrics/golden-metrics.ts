import type { Mask } from "#uflow/image/mask.js";
import type { Map2d } from "#uflow/kernels/types.js";
import { loadGolden } from "../../fixtures/golden.js";

const golden = loadGolden("metrics/metrics");

/** Maps and masks of the Python reference's metrics, and what it computed from them. */
export const goldenCases = golden.meta.cases.map(({ name, ...expected }: { name: string }) => ({
  name,
  scores: planes(`${name}/score`) as Map2d[],
  // Stored as a score, −logNfa.
  logNfa: planes(`${name}/nfa`).map((map) => ({ ...map, data: map.data.map((score) => -score) })) as Map2d[],
  masks: planes(`${name}/mask`) as Mask[],
  miou: golden.tensor(`${name}/miou`).data as Float32Array,
  miouThresholds: golden.tensor(`${name}/miou_thr`).data as Float32Array,
  expected,
})) as GoldenCase[];

interface GoldenCase {
  name: string;
  scores: Map2d[];
  logNfa: Map2d[];
  masks: Mask[];
  /** Mean IoU where −logNfa is above the threshold of the same index. */
  miou: Float32Array;
  miouThresholds: Float32Array;
  expected: {
    aupro_exact_03: number;
    /** By limit. */
    aupro_by_index: Record<string, number | null>;
    pixel_auroc: number;
    image_auroc: number;
    miou_at_0: number;
    miou_oracle: number;
    oracle_thr: number;
  };
}

/** A tensor [n, 1, height, width] as n planes. */
function planes(key: string) {
  const { data, shape } = golden.tensor(key);
  const [count, , height, width] = shape as [number, number, number, number];
  const size = height * width;
  return Array.from({ length: count }, (_, i) => ({
    data: data.slice(i * size, (i + 1) * size),
    width,
    height,
  }));
}
