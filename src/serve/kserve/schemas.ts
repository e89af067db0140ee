/**
 * The open inference protocol, version 2 (KServe), as far as it concerns images and verdicts:
 * https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
 */
import { z } from "zod";

export const outputNames = [
  "anomaly_score",
  "log_nfa",
  "anomalous",
  "anomaly_map",
  "log_nfa_map",
  "mask",
] as const;
export type OutputName = (typeof outputNames)[number];

const binarySize = z.int().nonnegative().optional();

const inputSchema = z.object({
  name: z.literal("image"),
  shape: z.array(z.int().positive()).min(1).max(4),
  datatype: z.enum(["BYTES", "UINT8"]),
  parameters: z.looseObject({ binary_data_size: binarySize }).optional(),
  data: z.array(z.unknown()).optional().describe("absent where binary data follow"),
});

const outputWishSchema = z.object({
  name: z.enum(outputNames),
  parameters: z.looseObject({ binary_data: z.boolean().optional() }).optional(),
});

export const inferRequestSchema = z
  .object({
    id: z.string().max(256).optional(),
    parameters: z
      .looseObject({ station: z.string().max(256).optional(), binary_data_output: z.boolean().optional() })
      .optional(),
    inputs: z
      .array(inputSchema)
      .length(1)
      .describe(
        'one tensor "image": BYTES [n], image files, in JSON as base64; or UINT8 [height, width, channels] or [n, height, width, channels]',
      ),
    outputs: z
      .array(outputWishSchema)
      .min(1)
      .refine((wishes) => new Set(wishes.map(({ name }) => name)).size === wishes.length, {
        error: "expected each output once",
      })
      .optional()
      .describe("default: all"),
  })
  .meta({ id: "InferRequest" });

const outputSchema = z.object({
  name: z.enum(outputNames),
  shape: z.array(z.int()),
  datatype: z.enum(["FP32", "FP64", "BOOL", "UINT8"]),
  parameters: z.object({ binary_data_size: z.int() }).optional(),
  data: z.array(z.union([z.number(), z.boolean()])).optional(),
});

export const inferAnswerSchema = z
  .object({
    model_name: z.string(),
    model_version: z.string().describe("SHA-256 of the model file"),
    id: z.string().optional(),
    outputs: z.array(outputSchema),
  })
  .meta({ id: "InferAnswer" });

const tensorSchema = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) });

export const modelMetadataSchema = z
  .object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(tensorSchema),
    outputs: z.array(tensorSchema),
  })
  .meta({ id: "ModelMetadata" });

export const serverMetadataSchema = z
  .object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })
  .meta({ id: "ServerMetadata" });

export const serverLiveSchema = z.object({ live: z.boolean() }).meta({ id: "ServerLive" });
/** The protocol's own word is `live`; servers say `ready`. */
export const serverReadySchema = serverLiveSchema.extend({ ready: z.boolean() }).meta({ id: "ServerReady" });
export const modelReadySchema = z.object({ name: z.string(), ready: z.boolean() }).meta({ id: "ModelReady" });

/** The body of every answer below /v2 that is no success. */
export const inferFailureSchema = z.object({ error: z.string() }).meta({ id: "InferFailure" });

export type InferRequest = z.infer<typeof inferRequestSchema>;
export type InferAnswer = z.infer<typeof inferAnswerSchema>;
export type InputTensor = InferRequest["inputs"][number];
export type OutputTensor = InferAnswer["outputs"][number];
