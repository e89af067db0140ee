import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { Sinks } from "../records/index.js";
import type { Access } from "./access.js";
import type { Drift } from "./drift.js";
import type { Inspections } from "./inspections.js";
import type { JsonThread } from "./kserve/json-thread.js";
import type { Live } from "./live.js";
import type { Metrics } from "./metrics.js";
import type { Models } from "./models.js";
import type { CheckedServiceOptions } from "./options.js";
import type { Pictures } from "./pictures.js";
import type { Results } from "./results.js";
import type { ZodTypes } from "./validation.js";

/** What the routes are made of. */
export interface Parts {
  readonly options: CheckedServiceOptions;
  readonly models: Models;
  readonly inspections: Inspections;
  readonly results: Results;
  readonly pictures: Pictures;
  readonly json: JsonThread;
  readonly live: Live;
  readonly drift: Drift;
  readonly metrics: Metrics;
  readonly access: Access;
  readonly sinks: Sinks;
  /** When the service was started. */
  readonly started: Date;
  /** Whether it is shutting down. */
  readonly draining: () => boolean;
}

/** An application whose handlers see what zod has made of requests. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypes
>;
