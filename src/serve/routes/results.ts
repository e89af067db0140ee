import {
  pictureParamsSchema,
  pictureQuerySchema,
  resultParamsSchema,
  resultSchema,
  resultsAnswerSchema,
  resultsQuerySchema,
  segmentationAnswerSchema,
  segmentationQuerySchema,
} from "../api.js";
import { contentType } from "../mixed-body.js";
import type { App, Parts } from "../parts.js";
import { Refusal } from "../refusal.js";
import type { KeptResult, Results } from "../results.js";

const tags = ["results"];

/** GET /v1/results and below: what was inspected, as long as it is in memory. */
export async function resultRoutes(app: App, { results, pictures }: Parts): Promise<void> {
  const list = {
    summary: "The last results in memory",
    tags,
    querystring: resultsQuerySchema,
    answer: resultsAnswerSchema,
  };
  app.get("/v1/results", { schema: list }, async ({ query }) => ({
    results: results.find(query),
    total: results.count,
  }));

  const one = {
    summary: "A result",
    tags,
    params: resultParamsSchema,
    answer: resultSchema,
  };
  app.get("/v1/results/:id", { schema: one }, async ({ params }) => kept(results, params.id).result);

  const segmentation = {
    summary: "What another ε would have detected",
    tags,
    params: resultParamsSchema,
    querystring: segmentationQuerySchema,
    answer: segmentationAnswerSchema,
  };
  app.get("/v1/results/:id/segmentation", { schema: segmentation }, async ({ params, query }) => {
    const { inspection } = evidenceOf(kept(results, params.id));
    if (!inspection) throw new Refusal(404, "There are no maps of an image without a verdict");
    const logEpsilon = query.logEpsilon ?? Math.log10(query.epsilon!);
    const found = await pictures.resegment({ ...inspection, logEpsilon });
    return { anomalous: found.regions.length > 0, logEpsilon, ...found };
  });

  const picture = {
    summary: "A picture or a map of a result",
    tags,
    params: pictureParamsSchema,
    querystring: pictureQuerySchema,
    gives: {
      description:
        "The image as it was sent, the overlay, the mask, the heat of the anomaly map, or a map for NumPy.",
      types: ["image/png", "image/jpeg", "application/octet-stream"],
    },
  };
  app.get("/v1/results/:id/:picture", { schema: picture }, async ({ params, query }, reply) => {
    const evidence = evidenceOf(kept(results, params.id));
    const bytes = await pictures.draw(params.picture, evidence, query.side);
    // A result never changes, and its id is never used again.
    reply.header("cache-control", "private, max-age=86400, immutable").type(contentType(params.picture));
    return bytes;
  });
}

function kept(results: Results, id: string): KeptResult {
  const found = results.get(id);
  if (!found) throw new Refusal(404, `No result "${id}" is in memory; the oldest make room for new ones`);
  return found;
}

function evidenceOf({ evidence }: KeptResult) {
  if (!evidence)
    throw new Refusal(404, "Its image was too large to be kept; see historyBytes (--history-bytes)");
  return evidence;
}
