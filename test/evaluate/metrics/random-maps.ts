import type { Mask } from "#uflow/image/mask.js";
import type { Map2d } from "#uflow/kernels/types.js";
import { Random } from "#uflow/random.js";

export interface Sample {
  scores: Map2d[];
  masks: Mask[];
}

/**
 * Small maps and masks, the first mask empty. Scores are whole numbers times `step`, so that most of them are equal to
 * others; both signs and both zeros occur.
 */
export function randomSample(
  seed: number,
  { images = 4, width = 9, height = 7, levels = 7, step = 0.5 } = {},
): Sample {
  const random = new Random(seed);
  const pixels = width * height;
  const plane = <T>(data: T) => ({ data, width, height });
  return {
    scores: Array.from({ length: images }, () =>
      plane(
        Float32Array.from(
          { length: pixels },
          () => (random.below(levels) - 3) * step * (random.below(2) ? 1 : -1),
        ),
      ),
    ),
    masks: Array.from({ length: images }, (_, image) =>
      plane(Uint8Array.from({ length: pixels }, () => (image > 0 && random.uniform() < 0.3 ? 1 : 0))),
    ),
  };
}
