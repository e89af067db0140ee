/**
 * What goes over the wire: one schema each for what is asked and what is answered. They check the input, and the OpenAPI
 * document is made of them. Clients take the types.
 */
import { z } from "zod";

const point = z.object({ x: z.number(), y: z.number() });
const polygon = z.array(z.tuple([z.number(), z.number()]));
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.string().describe("ISO 8601, UTC");

export const errorSchema = z
  .object({ code: z.string().describe("stable, for programs: ERR_UFLOW_…"), message: z.string() })
  .meta({ id: "Error" });

/** The body of every answer that is no success, but those below /v2. */
export const failureSchema = z.object({ error: errorSchema }).meta({ id: "Failure" });

export const regionSchema = z
  .object({
    logNfa: z.number(),
    area: z.number().describe("pixels"),
    box: z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
    centroid: point,
    peak: point.extend({ score: z.number() }),
    contour: polygon.describe("closed; the first point is not repeated"),
    holes: z.array(polygon),
  })
  .describe("a detected region, in pixels of the original image")
  .meta({ id: "Region" });

export const timingsSchema = z
  .object({
    wait: z.number(),
    decode: z.number(),
    preprocess: z.number(),
    network: z.number(),
    segment: z.number(),
    total: z.number(),
  })
  .describe("milliseconds")
  .meta({ id: "Timings" });

/** A rectangle of an image. */
export const areaSchema = z
  .object({ x: z.int(), y: z.int(), width: z.int(), height: z.int() })
  .describe("whole pixels of the original image; x, y is its upper left pixel")
  .meta({ id: "Area" });

export const verdictSchema = z.enum(["good", "anomalous", "undecided"]).meta({ id: "Verdict" });

export const resultSchema = z
  .object({
    id: z.string(),
    time,
    station: z.string().describe('who asked; "" where nothing was said'),
    model: z.object({ name: z.string(), sha256 }),
    image: z.object({
      name: z.string().describe('the name of the file that was sent; "" where it had none'),
      width: z.int().nullable().describe("pixels; null where the image was not read"),
      height: z.int().nullable(),
    }),
    area: areaSchema
      .nullable()
      .describe(
        "the part of the image that was looked at, which anomaly.npy and lognfa.npy cover from edge to edge, in tiles too: all of it, or the model's region; ignored areas are in it. null: undecided",
      ),
    verdict: verdictSchema.describe("undecided: past its deadline, or not inspected, as `error` says"),
    anomalous: z.boolean().optional().describe("absent where the verdict is undecided"),
    logNfa: z
      .number()
      .nullable()
      .describe("log₁₀ of the number of false alarms, −∞ as the least double; null: undecided"),
    anomalyScore: z.number().nullable().describe("0 … 1; null: undecided"),
    regions: z.array(regionSchema).describe("most significant first"),
    meanEnergies: z
      .array(z.number())
      .describe("per scale, finest first: 1 on what the model was trained on; empty: undecided"),
    timings: timingsSchema.nullable(),
    error: errorSchema.optional().describe("why it is undecided"),
  })
  .describe("the verdict on one image")
  .meta({ id: "Result" });

/** Pictures and maps that come with the results of an inspection where they are asked for. */
export const partNames = ["overlay", "mask", "anomaly", "lognfa"] as const;
export type PartName = (typeof partNames)[number];

const stationName = z.string().max(256);
/** Of a model that is loaded: models of the start are called as their files are, which may have any name. */
const loadedName = z.string().min(1).max(255);
/** Of a model that is to be loaded. */
const newName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
    "1 … 128 letters, digits, '.', '_' or '-', beginning with a letter or digit",
  );

/** The query of POST /v1/inspect. */
export const inspectQuerySchema = z.strictObject({
  model: loadedName.optional().describe("may be left out where one model is loaded"),
  station: stationName.default("").describe("stations are served in turn: none delays another"),
  deadline: z.coerce
    .number()
    .positive()
    .max(2 ** 31 - 1)
    .optional()
    .describe(
      "milliseconds from when the images have arrived; at the deadline the verdict is undecided, never late",
    ),
  parts: z
    .string()
    .regex(
      new RegExp(`^(${partNames.join("|")})(,(${partNames.join("|")}))*$`),
      `some of ${partNames.join(", ")}, with commas between`,
    )
    .transform((list) => [...new Set(list.split(","))] as PartName[])
    .optional()
    .describe("answers with multipart/mixed: the results as JSON, then these of each image in turn"),
});

export const inspectAnswerSchema = z
  .object({ results: z.array(resultSchema).describe("in the order of the images") })
  .meta({ id: "Results" });

/** The query of GET /v1/results. */
export const resultsQuerySchema = z.strictObject({
  verdict: verdictSchema.optional(),
  station: stationName.optional(),
  model: loadedName.optional(),
  before: z.string().max(64).optional().describe("the id of a result: those older than it"),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

export const resultsAnswerSchema = z.object({
  results: z.array(resultSchema).describe("newest first"),
  total: z.int().describe("results in memory, whatever was asked for"),
});

/** What can be seen of one result: GET /v1/results/:id/<picture>. */
export const pictureNames = [
  "image.jpg",
  "overlay.png",
  "mask.png",
  "heat.png",
  "anomaly.npy",
  "lognfa.npy",
] as const;
export type PictureName = (typeof pictureNames)[number];

export const resultParamsSchema = z.strictObject({ id: z.string().max(64) });
export const pictureParamsSchema = resultParamsSchema.extend({ picture: z.enum(pictureNames) });
export const pictureQuerySchema = z.strictObject({
  side: z.coerce
    .number()
    .int()
    .min(16)
    .max(4096)
    .optional()
    .describe("image.jpg only: reduces it to this longest side, pixels"),
});

/** The query of GET /v1/results/:id/segmentation: one of the two. */
export const segmentationQuerySchema = z
  .strictObject({
    epsilon: z.coerce.number().positive().optional().describe("false alarms to expect per image"),
    logEpsilon: z.coerce.number().min(-1e6).max(1e6).optional().describe("its log₁₀"),
  })
  .refine(({ epsilon, logEpsilon }) => (epsilon === undefined) !== (logEpsilon === undefined), {
    path: ["epsilon"],
    error: "expected it or logEpsilon, and not both",
  });

export const segmentationAnswerSchema = z
  .object({
    anomalous: z.boolean(),
    logEpsilon: z.number(),
    regions: z.array(regionSchema),
    milliseconds: z.number().describe("what the segmentation took"),
  })
  .describe("what another ε would have detected in the map of an earlier inspection")
  .meta({ id: "Segmentation" });

export const operatingPointSchema = z
  .object({
    epsilon: z.number(),
    logEpsilon: z.number(),
    nfa: z.enum(["tree", "block"]),
    tail: z.enum(["exact", "chernoff"]),
    tests: z.enum(["all", "per-scale", "by-size"]),
    background: z.enum(["ideal", "calibrated"]),
    falseRejects: z
      .object({
        oneIn: z.number(),
        confidence: z.number(),
        images: z.int(),
        rejected: z.int(),
        bound: z.number(),
      })
      .nullable(),
    text: z.string().describe("all this in words"),
  })
  .meta({ id: "OperatingPoint" });

export const modelSchema = z
  .object({
    name: z.string(),
    file: z.string().describe("its name, without its folder"),
    sha256,
    since: time.describe("when it was loaded or swapped in; ISO 8601, UTC"),
    device: z.string(),
    backbone: z.string(),
    inputSize: z.int().describe("pixels"),
    mapSize: z.int().describe("pixels"),
    scales: z.int(),
    flowSteps: z.int(),
    engine: z.string().describe("version that wrote the file"),
    calibrationImages: z.int().nullable().describe("good images it was calibrated on; null: it was not"),
    operatingPoint: operatingPointSchema,
  })
  .meta({ id: "Model" });

export const modelsAnswerSchema = z.object({
  models: z.array(modelSchema),
  files: z
    .array(z.string())
    .nullable()
    .describe("what can be loaded; null where no folder of models is served"),
});

export const modelParamsSchema = z.strictObject({ name: loadedName });
export const modelVersionParamsSchema = modelParamsSchema.extend({
  version: z.string().max(128).describe("SHA-256 of the model file"),
});

const fileName = z
  .string()
  .max(255)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  .regex(/^[^./\\\x00-\x1f][^/\\\x00-\x1f]*\.uflow$/, "the name of a .uflow file in the folder of models");
export const loadBodySchema = z.strictObject({ name: newName, file: fileName });
export const swapBodySchema = z.strictObject({ file: fileName });

const latencySchema = z.object({ p50: z.number(), p95: z.number(), p99: z.number() });

export const inspectorStatsSchema = z
  .object({
    queued: z.int(),
    underWay: z.int(),
    lanes: z.int(),
    accepted: z.int(),
    good: z.int(),
    anomalous: z.int(),
    undecided: z.int(),
    failed: z.int(),
    withdrawn: z.int(),
    refused: z.int(),
    retried: z.int(),
    replacedLanes: z.int(),
    lastProblem: z.string().nullable().describe("why the last lane died; null where none has"),
    throughput: z.number().describe("verdicts per second, over the last ten seconds"),
    latency: z
      .object({
        wait: latencySchema,
        decode: latencySchema,
        preprocess: latencySchema,
        network: latencySchema,
        segment: latencySchema,
        total: latencySchema,
      })
      .nullable()
      .describe("milliseconds, over the last minute or two; null where there were no verdicts"),
  })
  .meta({ id: "InspectorStats" });

const sinkStatsSchema = z
  .object({
    name: z.string(),
    queued: z.int(),
    written: z.int(),
    dropped: z.int(),
    droppedImages: z.int(),
    failures: z.int().describe("attempts that failed; each was tried again"),
    problem: z.string().nullable().describe("why the last attempt failed"),
  })
  .describe("how a place fares to which results go")
  .meta({ id: "SinkStats" });

/** The answer of GET /v1/stats, and the `stats` event. */
export const statsSchema = z
  .object({
    version: z.string(),
    time,
    uptime: z.number().describe("seconds"),
    models: z.record(z.string(), inspectorStatsSchema),
    results: z.object({ count: z.int(), bytes: z.int() }).describe("in memory"),
    liveClients: z.int(),
    sinks: z.array(sinkStatsSchema),
  })
  .meta({ id: "Stats" });

const quartilesSchema = z.object({ low: z.number(), median: z.number(), high: z.number() });
const comparisonSchema = z.object({
  calibration: quartilesSchema.nullable(),
  recent: quartilesSchema.nullable().describe("of the last whole window of parts that were called good"),
});

/** Of the drift monitor of one model; the `drift` event is one of them. */
export const driftSchema = z
  .object({
    model: z.string().describe("its name"),
    state: z
      .enum(["ok", "watch", "alarm", "unknown"])
      .describe("alarm: parts are not like the good images of the calibration any more"),
    text: z.string().describe("what was found, why it matters, what to do"),
    parts: z.int(),
    good: z.int(),
    ignored: z.int(),
    alarms: z.int(),
    findings: z.array(
      z.object({
        level: z.enum(["watch", "alarm"]),
        parts: z.enum(["good", "all"]),
        what: z.enum(["logNfa", "energy", "rejected"]),
        scale: z.int().nullable(),
        side: z.enum(["higher", "lower"]),
        count: z.int(),
        limit: z.number(),
        alarmFrom: z.int().nullable(),
      }),
    ),
    logNfa: comparisonSchema,
    energies: z.array(comparisonSchema).describe("per scale, finest first"),
    window: z.int().describe("parts that are judged together"),
    oneFalseAlarmIn: z.number().describe("parts"),
  })
  .describe("whether the parts of a line are still like the good images of the model's calibration")
  .meta({ id: "Drift" });
export const driftAnswerSchema = z.object({ models: z.array(driftSchema) });

/** The `model` event. */
export const modelEventSchema = z
  .object({ action: z.enum(["loaded", "swapped", "unloaded"]), model: modelSchema })
  .meta({ id: "ModelEvent" });

/** Events of GET /v1/live, by name. `result` has the result's id, from which a client goes on with Last-Event-ID. */
export const liveEventSchemas = {
  result: resultSchema,
  stats: statsSchema,
  drift: driftSchema,
  model: modelEventSchema,
} as const;

export const sessionBodySchema = z.strictObject({ key: z.string().min(1).max(256) });
export const sessionSchema = z
  .object({
    name: z.string().nullable().describe("of the key that was given; null where the service needs none"),
  })
  .meta({ id: "Session" });

export const readinessSchema = z
  .object({ ready: z.boolean(), reason: z.string().optional() })
  .meta({ id: "Readiness" });

export type ApiError = z.infer<typeof errorSchema>;
export type Failure = z.infer<typeof failureSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Result = z.infer<typeof resultSchema>;
export type InspectQuery = z.infer<typeof inspectQuerySchema>;
export type InspectAnswer = z.infer<typeof inspectAnswerSchema>;
export type ResultsQuery = z.infer<typeof resultsQuerySchema>;
export type ResultsAnswer = z.infer<typeof resultsAnswerSchema>;
export type SegmentationAnswer = z.infer<typeof segmentationAnswerSchema>;
export type ModelSummary = z.infer<typeof modelSchema>;
export type ModelsAnswer = z.infer<typeof modelsAnswerSchema>;
export type Stats = z.infer<typeof statsSchema>;
export type Drift = z.infer<typeof driftSchema>;
export type DriftAnswer = z.infer<typeof driftAnswerSchema>;
export type ModelEvent = z.infer<typeof modelEventSchema>;
export type Session = z.infer<typeof sessionSchema>;
export type LiveEvents = {
  [Name in keyof typeof liveEventSchemas]: z.infer<(typeof liveEventSchemas)[Name]>;
};
