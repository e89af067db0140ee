import { z } from "zod";
import { type InspectorOptions, inspectorSchema } from "../inspect/options.js";
import { parseOptions } from "../options.js";
import type { Sink } from "../records/record.js";

/** Options of `startService()`. */
export interface ServiceOptions {
  /** Paths of `.uflow` files that are loaded at the start, each under its name without folder and extension. */
  models: readonly string[];
  /** The folder from which models are loaded and swapped at run time. Default: none, and they cannot be. */
  modelsFolder?: string | undefined;
  /** Default 127.0.0.1: only this machine. `0.0.0.0` or `::` let others in; then use `apiKeys`. */
  host?: string | undefined;
  /** Default 8080; 0 takes any that is free. */
  port?: number | undefined;
  /** How models are opened. */
  inspector?: InspectorOptions | undefined;
  /** File of the hashes of API keys (`newKey`). Default: no key is needed. */
  apiKeys?: string | undefined;
  /** An origin, as `https://mes.example`, whose pages may read what is answered. Default: none. */
  cors?: string | undefined;
  /** Bytes of one request's body. Default 32 MiB. */
  bodyLimit?: number | undefined;
  /** Bytes of the bodies of all requests under way; more are refused with 429. At least `bodyLimit`; default 512 MiB. */
  bodiesLimit?: number | undefined;
  /** Images in one request. Default 64. */
  imagesLimit?: number | undefined;
  /** Results that are kept in memory, with their images and maps. Default 1000. */
  historyResults?: number | undefined;
  /** Bytes of these. Default 256 MiB. */
  historyBytes?: number | undefined;
  /** Milliseconds within which a request must have arrived as a whole. Default 60 000. */
  requestTimeout?: number | undefined;
  /** Milliseconds within which `close()` answers what was taken on. Default 30 000. */
  shutdownTimeout?: number | undefined;
  /** File of the audit store: a record of every image, appended. Default: none, as all that follows. */
  audit?: string | undefined;
  /** Whose images it keeps, so that they can be replayed. Default `none`. */
  auditImages?: "all" | "not good" | "none" | undefined;
  /** Address of an MQTT broker to which verdicts are published. */
  mqtt?: string | undefined;
  /** Address to which verdicts are posted. */
  webhook?: string | undefined;
  /** Folder into which records are written, with pictures of what is not good. */
  records?: string | undefined;
  /** Other places where results go; closed with the service. */
  sinks?: readonly Sink[] | undefined;
  /** Of the log, JSON lines on stderr. Default `info`; `silent` for none. */
  logLevel?: LogLevel | undefined;
}

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

const mebibyte = 2 ** 20;
const milliseconds = z.int().min(100).max(3_600_000);

const serviceSchema = z
  .strictObject({
    models: z.array(z.string()),
    modelsFolder: z.string().min(1).optional(),
    host: z.string().min(1).default("127.0.0.1"),
    port: z.int().min(0).max(65_535).default(8080),
    inspector: inspectorSchema.prefault({}),
    apiKeys: z.string().min(1).optional(),
    cors: z
      .string()
      .refine(isOrigin, "expected an origin, as https://mes.example or http://10.0.0.7:3000")
      .optional(),
    bodyLimit: z
      .int()
      .min(1024)
      .max(2 ** 31)
      .default(32 * mebibyte),
    bodiesLimit: z
      .int()
      .max(2 ** 40)
      .default(512 * mebibyte),
    imagesLimit: z.int().min(1).max(10_000).default(64),
    historyResults: z.int().min(1).max(1_000_000).default(1000),
    historyBytes: z
      .int()
      .min(0)
      .max(2 ** 40)
      .default(256 * mebibyte),
    requestTimeout: milliseconds.default(60_000),
    shutdownTimeout: milliseconds.default(30_000),
    audit: z.string().min(1).optional(),
    auditImages: z.enum(["all", "not good", "none"]).default("none"),
    mqtt: z.string().optional(),
    webhook: z.string().optional(),
    records: z.string().min(1).optional(),
    sinks: z.array(z.custom<Sink>((value) => typeof value === "object" && value !== null)).default([]),
    logLevel: z.enum(logLevels).default("info"),
  })
  .refine(({ bodyLimit, bodiesLimit }) => bodiesLimit >= bodyLimit, {
    path: ["bodiesLimit"],
    error: "expected at least bodyLimit",
  })
  .check(({ value: { models, modelsFolder }, issues }) => {
    if (models.length > 0 || modelsFolder !== undefined) return;
    const message = "expected at least one model, or a folder of models";
    issues.push({ code: "custom", path: ["models"], input: models, message });
  });

export type CheckedServiceOptions = z.output<typeof serviceSchema>;

/** @throws UflowError ERR_UFLOW_BAD_OPTION. */
export function checkServiceOptions(options: ServiceOptions): CheckedServiceOptions {
  return parseOptions("startService", serviceSchema, options);
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
