import { STATUS_CODES } from "node:http";
import type { FastifySchema, RouteOptions } from "fastify";
import { z } from "zod";
import { engineVersion } from "../version.js";
import { failureSchema } from "./api.js";
import { inferFailureSchema } from "./kserve/schemas.js";
import type { App } from "./parts.js";
import type { OtherContent } from "./validation.js";

type Json = Record<string, unknown>;

/**
 * Notes every route that is added from now on.
 * @returns the OpenAPI 3.1 document of them
 */
export function describeApi(app: App): () => Json {
  const paths: Record<string, Json> = {};
  app.addHook("onRoute", ({ url, method, schema }: RouteOptions) => {
    if (!schema?.summary || method === "HEAD") return;
    const path = url.replace(/:(\w+)/g, "{$1}");
    paths[path] = {
      ...paths[path],
      [`${method}`.toLowerCase()]: operation(
        schema,
        url.startsWith("/v2") ? inferFailureSchema : failureSchema,
      ),
    };
  });
  return () => ({
    openapi: "3.1.0",
    info: {
      title: "uflow",
      version: engineVersion,
      description:
        "Visual inspection: images in, verdicts out. Errors are `{ error: { code, message } }`; below /v2 `{ error: message }`.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: { schemas: components(), securitySchemes },
    security: [{ bearer: [] }, { header: [] }, { session: [] }],
  });
}

const securitySchemes = {
  bearer: { type: "http", scheme: "bearer" },
  header: { type: "apiKey", in: "header", name: "X-API-Key" },
  session: { type: "apiKey", in: "cookie", name: "uflow_session" },
};

function operation(
  { summary, tags, open, params, querystring, body, takes, answer, gives }: FastifySchema,
  failure: z.ZodType,
): Json {
  return {
    summary,
    tags,
    ...(open && { security: [] }),
    parameters: [...parameters("path", params), ...parameters("query", querystring)],
    ...((body || takes) && {
      requestBody: { required: true, ...content(body as z.ZodType, takes, "input") },
    }),
    responses: {
      ...success(answer, gives),
      default: {
        description: "What went wrong, in words and as a code",
        content: { "application/json": { schema: jsonSchema(failure, "output") } },
      },
    },
  };
}

function success(answer: z.ZodType | undefined, gives: OtherContent | undefined): Json {
  if (!answer && !gives) return { 204: { description: STATUS_CODES[204] } };
  return {
    200: { description: gives?.description ?? STATUS_CODES[200], ...content(answer, gives, "output") },
  };
}

function content(json: z.ZodType | undefined, other: OtherContent | undefined, io: "input" | "output"): Json {
  const types = (other?.types ?? []).map((type) => [type, {}]);
  const description = io === "input" && other ? { description: other.description } : {};
  const ofJson = json && { "application/json": { schema: jsonSchema(json, io) } };
  return { ...description, content: { ...ofJson, ...Object.fromEntries(types) } };
}

function parameters(place: "path" | "query", schema: unknown): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema as z.ZodType, "input") as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));
}

/** Schemas with an id are referred to. */
function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const text = JSON.stringify(z.toJSONSchema(schema, { io, unrepresentable: "any" }));
  const { $schema, $defs, ...own } = JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/'));
  return own;
}

/** Schemas with an id that are asked, and not answered: they may have more than what is named. */
const asked: readonly string[] = ["InferRequest"];

/** All schemas with an id. */
function components(): Json {
  const all = (io: "input" | "output") =>
    z.toJSONSchema(z.globalRegistry, { io, uri: (id) => `#/components/schemas/${id}` }).schemas;
  const [input, output] = [all("input"), all("output")];
  return Object.fromEntries(
    Object.keys(output).map((name) => {
      const { $schema, $id, ...schema } = (asked.includes(name) ? input : output)[name]!;
      return [name, schema];
    }),
  );
}
