import type { ServerResponse } from "node:http";
import { inspectAnswerSchema, inspectQuerySchema, type PartName, type PictureName } from "../api.js";
import { imagesOf, takeImages } from "../body.js";
import { type Arrived, type Asking, failureOf, type Inspected } from "../inspections.js";
import { type MixedPart, mixedBody } from "../mixed-body.js";
import type { LoadedModel } from "../models.js";
import { onceOver } from "../once-over.js";
import type { App, Parts } from "../parts.js";

const pictures: Record<PartName, PictureName> = {
  overlay: "overlay.png",
  mask: "mask.png",
  anomaly: "anomaly.npy",
  lognfa: "lognfa.npy",
};

/** POST /v1/inspect */
export async function inspectRoutes(app: App, parts: Parts): Promise<void> {
  await takeImages(app, parts.options);
  const schema = {
    summary: "Inspects one image, or many in a form",
    tags: ["inspection"],
    querystring: inspectQuerySchema,
    takes: {
      description: 'An image file as the body, or a form with files "image".',
      types: ["application/octet-stream", "image/*", "multipart/form-data"],
    },
    answer: inspectAnswerSchema,
    gives: { description: "With `parts`.", types: ["multipart/mixed"] },
  };
  app.post("/v1/inspect", { schema }, async (request, reply) => {
    const { model: name, parts: wanted, ...asking } = request.query;
    const model = parts.models.get(name);
    const images = await imagesOf(request, parts.options);
    const signal = goneSignal(reply.raw);
    const inspected = await inspectAll(parts, model, images, { ...asking, signal });
    const results = inspected.map(({ result }) => result);
    if (!wanted) return { results };
    const { type, body } = mixedBody({ results }, await pictureParts(parts, wanted, inspected, images));
    return reply.type(type).send(body);
  });
}

/** Aborts when the client has gone before it was answered: what still waits is then withdrawn. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  onceOver(response, () => {
    if (!response.writableEnded) controller.abort();
  });
  return controller.signal;
}

/**
 * All images of one request, which are taken on together.
 * @throws UflowError the error of the first where none has an outcome; otherwise each says for itself that it is undecided.
 */
export async function inspectAll(
  { inspections }: Parts,
  model: LoadedModel,
  images: readonly Arrived[],
  asking: Asking,
): Promise<Inspected[]> {
  const settled = await Promise.allSettled(images.map((image) => inspections.inspect(model, image, asking)));
  const errors = settled.map((one) => (one.status === "rejected" ? one.reason : failureOf(one.value)));
  if (errors.every((error) => error !== undefined)) throw errors[0];
  return await Promise.all(
    settled.map((one, i) =>
      one.status === "fulfilled" ? one.value : inspections.giveUp(model, images[i]!, asking, one.reason),
    ),
  );
}

async function pictureParts(
  parts: Parts,
  wanted: readonly PartName[],
  inspected: readonly Inspected[],
  images: readonly Arrived[],
): Promise<MixedPart[]> {
  const all = inspected.flatMap(({ outcome }, i) => {
    if (outcome.verdict === "undecided") return [];
    const evidence = { image: images[i]!.image, inspection: outcome };
    return wanted.map(async (name) => ({
      name: `${i}.${pictures[name]}`,
      bytes: await parts.pictures.draw(pictures[name], evidence),
    }));
  });
  return await Promise.all(all);
}
