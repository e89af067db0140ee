import {
  loadBodySchema,
  modelParamsSchema,
  modelSchema,
  modelsAnswerSchema,
  swapBodySchema,
} from "../api.js";
import { summaryOf } from "../models.js";
import type { App, Parts } from "../parts.js";

const tags = ["models"];

/** /v1/models */
export async function modelRoutes(app: App, { models }: Parts): Promise<void> {
  const list = {
    summary: "The models that are loaded, and the files that can be",
    tags,
    answer: modelsAnswerSchema,
  };
  app.get("/v1/models", { schema: list }, async () => ({
    models: models.list().map(summaryOf),
    files: await models.files(),
  }));

  const load = {
    summary: "Loads a file of the folder of models",
    tags,
    body: loadBodySchema,
    answer: modelSchema,
  };
  app.post("/v1/models", { schema: load }, async ({ body }) =>
    summaryOf(await models.load(body.name, body.file)),
  );

  const one = {
    summary: "A model",
    tags,
    params: modelParamsSchema,
    answer: modelSchema,
  };
  app.get("/v1/models/:name", { schema: one }, async ({ params }) => summaryOf(models.get(params.name)));

  const swap = {
    summary: "Swaps a model between two images; the old one stays where the file cannot be opened",
    tags,
    params: modelParamsSchema,
    body: swapBodySchema,
    answer: modelSchema,
  };
  app.put("/v1/models/:name", { schema: swap }, async ({ params, body }) =>
    summaryOf(await models.swap(params.name, body.file)),
  );

  const unload = {
    summary: "Unloads a model, once what it was given is inspected",
    tags,
    params: modelParamsSchema,
  };
  app.delete("/v1/models/:name", { schema: unload }, async ({ params }, reply) => {
    await models.unload(params.name);
    return reply.code(204).send();
  });
}
