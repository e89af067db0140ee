import { z } from "zod";
import { sha256 } from "../bundle/model.js";
import { deviceNameSchema } from "../onnx/device-schema.js";
import { figuresSchema, limitsSchema } from "./figures.js";
import { instructionSets, precisions } from "./ways.js";

/** The version of the certificate that this engine writes, and the newest that it reads. */
export const schemaVersion = 1;

const sum = z.string().regex(/^[0-9a-f]{64}$/);
const size = z.int().positive();
const verdict = z.enum(["PASS", "FAIL"]);

/** Who computed it. */
const machineSchema = z.strictObject({
  host: z.string(),
  os: z.string(),
  cpu: z.string(),
  /** Logical processors that the process may use. */
  threads: size,
  /** The best vector instructions of the native kernels. */
  instructionSet: z.enum(instructionSets),
  engine: z.string(),
  onnxruntime: z.string(),
  node: z.string(),
});

const modelSchema = z.strictObject({
  file: z.string(),
  sha256: sum,
  engine: z.string(),
  backbone: z.strictObject({ name: z.string(), sha256: sum }),
  inputSize: size,
  mapSize: size,
  flowSteps: size,
  /** Images; null where the model was imported. */
  trainedOn: size.nullable(),
});

const imageSchema = z.strictObject({
  name: z.string(),
  width: size,
  height: size,
  channels: size,
  /** Of the decoded pixels: of "width height channels\n" and the bytes, rows from the top, channels interleaved. */
  sha256: sum,
  /** What the reference way says. */
  anomalous: z.boolean(),
  logNfa: z.number(),
  /** Of the reference way's maps as `.npy`. */
  maps: z.strictObject({ anomaly: sum, mask: sum }),
});

const comparison = {
  /** `unavailable`: this machine has it not; no reason to fail. */
  outcome: z.enum(["passed", "failed", "unavailable"]),
  /** Why it has not passed. */
  reason: z.string().nullable(),
  figures: figuresSchema.nullable(),
  limits: limitsSchema,
};

const waySchema = z.strictObject({
  name: z.string(),
  precision: z.enum(precisions),
  device: deviceNameSchema.nullable(),
  instructionSet: z.enum(instructionSets).nullable(),
  ...comparison,
  /** Median per image, from pixels to verdict. */
  milliseconds: z.number().nullable(),
});

export const certificateSchema = z.strictObject({
  kind: z.literal("uflow certificate of parity"),
  schemaVersion: z.literal(schemaVersion),
  verdict,
  /** False when some images could not be read: the verdict is on the others. */
  complete: z.boolean(),
  /** ISO 8601, UTC. */
  date: z.string(),
  model: modelSchema,
  machine: machineSchema,
  /** How detections were made. */
  operatingPoint: z.strictObject({
    epsilon: z.number(),
    tail: z.string(),
    tests: z.string(),
    // The first certificates knew no other and do not name them.
    background: z.string().default("ideal"),
    nfa: z.string().default("tree"),
  }),
  /** Where the images are from: a folder, or the seed of generated ones. */
  source: z.strictObject({ folder: z.string().nullable(), seed: z.int().nullable(), count: size }),
  images: z.array(imageSchema).min(1),
  errors: z.array(z.strictObject({ image: z.string(), code: z.string(), message: z.string() })),
  /** What all ways are compared with. */
  reference: z.strictObject({ name: z.string(), milliseconds: z.number() }),
  ways: z.array(waySchema),
  /** This reference way beside that of an earlier certificate. */
  against: z
    .strictObject({ machine: machineSchema, date: z.string(), contentSha256: sum, ...comparison })
    .nullable(),
  /** Of everything above; a checksum that shows later edits, no signature: whoever edits can compute it again. */
  contentSha256: sum,
});

export type Certificate = z.infer<typeof certificateSchema>;
export type Machine = z.infer<typeof machineSchema>;
export type ModelSummary = z.infer<typeof modelSchema>;
export type CertifiedImage = z.infer<typeof imageSchema>;
export type WayResult = z.infer<typeof waySchema>;
export type Comparison = Pick<WayResult, keyof typeof comparison>;

export type Unsealed = Omit<Certificate, "contentSha256">;

export function seal(content: Unsealed): Certificate {
  return { ...content, contentSha256: contentSum(content) };
}

/** SHA-256 of the content as JSON without white space, the keys of every object in order of their UTF-16 code units. */
export function contentSum({ contentSha256: _, ...content }: Record<string, unknown>): string {
  return sha256(Buffer.from(JSON.stringify(content, withSortedKeys)));
}

function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
