import { z } from "zod";

/** The version of the calibration that this engine writes, and the newest that it reads. */
export const calibrationVersion = 3;

/** The tests that an operating point may choose. */
export const testsSchema = z.enum(["per-scale", "all", "by-size"]);
export const tailSchema = z.enum(["exact", "chernoff"]);

const sorted = z
  .array(z.number())
  .min(2)
  .refine(
    (values) => values.every((value, i) => i === 0 || values[i - 1]! <= value),
    "expected sorted numbers",
  );

/** How energies are distributed on good images: E/scale is χ² with `dof` degrees of freedom, in patches of `area`. */
const backgroundSchema = z.strictObject({
  /** 1e-30 … 1e30. */
  scale: z.number().min(1e-30).max(1e30),
  /** 0.001 … 1e9. */
  dof: z.number().min(0.001).max(1e9),
  /** Correlation area: so many pixels tell as much as one that stands alone. */
  area: z.number().min(1).max(1e9),
});

/**
 * What good images that were not trained on say about a model: the background of the a contrario test, and the image-level
 * statistics by which thresholds are set. Part of a model's manifest. docs/maths.md, "Calibration".
 */
export const calibrationSchema = z
  .strictObject({
    version: z.int().min(1).max(calibrationVersion),
    /** Good images, none of them trained on. */
    images: z.int().min(2),
    /** Finest first, one per latent. */
    scales: z.array(backgroundSchema).min(1).max(8),
    /** Of the joint energy on these scales; and of its means over squares, which files of version 1 do not have. */
    joint: backgroundSchema.extend({
      /** Whether it is the soft minimum of the scales; files before version 3 have the minimum. */
      soft: z.boolean().optional(),
      mean: backgroundSchema
        .extend({
          side: z
            .int()
            .min(1)
            .max(255)
            .refine((side) => side % 2 === 1, "expected an odd number"),
        })
        .optional(),
    }),
    /** What the statistics below were computed with; they say nothing about another test or map. */
    test: z.strictObject({
      tests: testsSchema,
      tail: tailSchema,
      mapSize: z.int().positive(),
    }),
    /** Per image log₁₀ NFA of the most significant candidate, by a background that did not see the image; smallest first. */
    logNfa: sorted,
    /** Per image the maximum of the anomaly map; smallest first. */
    anomalyScore: sorted,
    /** Per image, in the order of `logNfa`, its `meanEnergy` per scale. Files of before have none. */
    meanEnergies: z.array(z.array(z.number().nonnegative())).optional(),
  })
  .refine(
    ({ images, logNfa, anomalyScore, meanEnergies }) =>
      [logNfa, anomalyScore, meanEnergies ?? logNfa].every(({ length }) => length === images),
    "expected one number per image",
  )
  .refine(
    ({ scales, meanEnergies = [] }) => meanEnergies.every(({ length }) => length === scales.length),
    "expected a mean energy per scale",
  );

export type Calibration = z.infer<typeof calibrationSchema>;
