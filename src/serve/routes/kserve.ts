import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import type { RecordedImage } from "../../records/record.js";
import { engineVersion } from "../../version.js";
import { modelParamsSchema, readinessSchema } from "../api.js";
import { readBody } from "../body.js";
import { failureOf } from "../inspections.js";
import { describeOutputs, outputTensors } from "../kserve/outputs.js";
import {
  inferAnswerSchema,
  inferRequestSchema,
  modelMetadataSchema,
  serverMetadataSchema,
} from "../kserve/schemas.js";
import type { App, Parts } from "../parts.js";
import { Refusal } from "../refusal.js";
import { goneSignal, inspectAll } from "./inspect.js";
import { whyNotReady } from "./state.js";

const tags = ["kserve"];
/** Of the binary data extension: how many bytes of the body are JSON. */
const jsonLengthHeader = "inference-header-content-length";

declare module "fastify" {
  interface FastifyRequest {
    /** Of a tensor in the body, which is without them. */
    images?: RecordedImage[];
  }
}

/** /v2: the open inference protocol, for clients of other model servers. */
export async function kserveRoutes(app: App, parts: Parts): Promise<void> {
  const { models, options, json } = parts;
  const { bodyLimit, imagesLimit } = options;
  app.decorateRequest("images");
  app.removeContentTypeParser("application/json");
  for (const type of ["application/json", "application/octet-stream"]) {
    app.addContentTypeParser(type, (_: FastifyRequest, body: IncomingMessage) => readBody(body, bodyLimit));
  }

  const server = { summary: "What this server is", tags, answer: serverMetadataSchema };
  app.get("/v2", { schema: server }, async () => ({
    name: "uflow",
    version: engineVersion,
    extensions: ["binary_tensor_data"],
  }));

  const live = { summary: "That the server is alive", tags, open: true, answer: readinessSchema };
  app.get("/v2/health/live", { schema: live }, async () => ({ ready: true }));

  const ready = {
    summary: "Whether images are taken on; else with status 503",
    tags,
    open: true,
    answer: readinessSchema,
  };
  app.get("/v2/health/ready", { schema: ready }, async () => {
    const reason = whyNotReady(parts);
    if (reason !== undefined) throw new Refusal(503, reason);
    return { ready: true };
  });

  const metadata = { summary: "A model", tags, params: modelParamsSchema, answer: modelMetadataSchema };
  app.get("/v2/models/:name", { schema: metadata }, async ({ params }) => {
    const { name, inspector } = models.get(params.name);
    return {
      name,
      versions: [inspector.model],
      platform: "uflow",
      inputs: [{ name: "image", datatype: "BYTES", shape: [-1] }],
      outputs: describeOutputs(options.inspector.mapSize ?? inspector.manifest.mapSize),
    };
  });

  const modelReady = {
    summary: "Whether a model is loaded",
    tags,
    params: modelParamsSchema,
    answer: readinessSchema,
  };
  app.get("/v2/models/:name/ready", { schema: modelReady }, async ({ params }) => {
    models.get(params.name);
    return { ready: true };
  });

  const infer = {
    summary: "Inspects images",
    tags,
    params: modelParamsSchema,
    body: inferRequestSchema,
    takes: {
      description:
        "As JSON, or with the header Inference-Header-Content-Length as JSON with binary data after it.",
      types: ["application/octet-stream"],
    },
    answer: inferAnswerSchema,
    gives: {
      description: "Binary where any output is wished for in binary.",
      types: ["application/octet-stream"],
    },
  };
  const route = "/v2/models/:name/infer";
  /** Takes the images out of the body, so that the rest is checked as any other. */
  const preValidation = async (request: FastifyRequest) => {
    if (!Buffer.isBuffer(request.body)) return;
    const body = { bytes: request.body, jsonLength: jsonLengthOf(request) };
    const { asked, images } = await json.read(body, { route: `POST ${route}`, imagesLimit });
    request.body = asked;
    request.images = images;
  };
  app.post(route, { schema: infer, preValidation }, async (request, reply) => {
    const model = models.get(request.params.name);
    const { body: asked, images = [] } = request;
    const asking = { station: asked.parameters?.station ?? "", signal: goneSignal(reply.raw) };
    const arrived = images.map((image) => ({ name: "", image }));
    const inspected = await inspectAll(parts, model, arrived, asking);
    // Tensors have no place for an image without a verdict.
    const inspections = inspected.map((one) => {
      if (one.outcome.verdict === "undecided") throw failureOf(one);
      return one.outcome;
    });
    const { tensors, binary: binaryOutputs } = outputTensors(asked, inspections);
    const text = await json.write({
      model_name: model.name,
      model_version: inspections[0]!.model,
      ...(asked.id !== undefined && { id: asked.id }),
      outputs: tensors,
    });
    if (binaryOutputs.length === 0) return reply.type("application/json; charset=utf-8").send(text);
    reply.header(jsonLengthHeader, text.length).type("application/octet-stream");
    return Buffer.concat([text, ...binaryOutputs]);
  });
}

/** @throws Refusal 400 where binary data follow the JSON, and it is not told where. */
function jsonLengthOf({ headers, body }: FastifyRequest): number {
  const { length } = body as Buffer;
  if (headers["content-type"]?.startsWith("application/json")) return length;
  const jsonLength = Number(headers[jsonLengthHeader]);
  if (Number.isInteger(jsonLength) && jsonLength > 0 && jsonLength <= length) return jsonLength;
  throw new Refusal(400, "Inference-Header-Content-Length must say how many bytes of the body are JSON");
}
