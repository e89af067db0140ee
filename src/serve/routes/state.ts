import { driftAnswerSchema, readinessSchema, statsSchema } from "../api.js";
import type { App, Parts } from "../parts.js";
import { statsOf } from "../state.js";

const tags = ["state"];

/** How the service fares: for people, for Prometheus, for what starts and stops it. */
export async function stateRoutes(app: App, parts: Parts): Promise<void> {
  const stats = { summary: "How models and sinks fare", tags, answer: statsSchema };
  app.get("/v1/stats", { schema: stats }, async () => statsOf(parts));

  const drift = {
    summary: "Whether parts are still like those that models were calibrated on",
    tags,
    answer: driftAnswerSchema,
  };
  app.get("/v1/drift", { schema: drift }, async () => ({ models: parts.drift.states() }));

  const metrics = {
    summary: "Numbers for Prometheus",
    tags,
    gives: { description: "Prometheus' text format.", types: ["text/plain"] },
  };
  app.get("/metrics", { schema: metrics }, async (_, reply) => {
    reply.type(parts.metrics.contentType);
    return await parts.metrics.text();
  });

  const alive = {
    summary: "That the process is alive",
    tags,
    open: true,
    gives: { description: "`ok`", types: ["text/plain"] },
  };
  app.get("/healthz", { schema: alive }, async (_, reply) => reply.type("text/plain").send("ok\n"));

  const ready = {
    summary: "Whether images are taken on; else with status 503",
    tags,
    open: true,
    answer: readinessSchema,
  };
  app.get("/readyz", { schema: ready }, async (_, reply) => {
    const reason = whyNotReady(parts);
    if (reason === undefined) return { ready: true };
    return reply.code(503).send({ ready: false, reason });
  });
}

/** Undefined: images are taken on. */
export function whyNotReady({ models, draining }: Parts): string | undefined {
  if (draining()) return "the service is shutting down";
  return models.list().length === 0 ? "no model is loaded" : undefined;
}
