import type { FastifyInstance, FastifyTypeProvider } from "fastify";
import type { z } from "zod";
import { parseOptions } from "../options.js";

/** Lets the handlers of a route see what its zod schemas have made of a request. */
export interface ZodTypes extends FastifyTypeProvider {
  validator: this["schema"] extends z.ZodType ? z.output<this["schema"]> : unknown;
  serializer: unknown;
}

/** A part of an answer that is not JSON, by its content type. */
export interface OtherContent {
  description: string;
  types: readonly string[];
}

declare module "fastify" {
  /** What a route takes and gives: `params`, `querystring` and `body` are zod schemas; the OpenAPI document tells all of it. */
  interface FastifySchema {
    summary?: string;
    tags?: readonly string[];
    /** Bodies that are no JSON. */
    takes?: OtherContent;
    /** Of success: status 200, or 204 where there is none. */
    answer?: z.ZodType;
    /** Instead of it, or beside it. */
    gives?: OtherContent;
    /** Served without a key, too. */
    open?: boolean;
  }
}

/** Checks by zod, with the sentences of the library's own option checks; answers go out as they are. */
export function checkByZod(app: FastifyInstance): void {
  app.setValidatorCompiler<z.ZodType>(({ schema, method, url }) => (data) => {
    try {
      return { value: parseOptions(`${method} ${url}`, schema, data) };
    } catch (error) {
      return { error: error as Error };
    }
  });
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
}
