import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import { engineVersion } from "../../version.js";
import { modelParamsSchema, readinessSchema } from "../api.js";
import { readBody } from "../body.js";
import { failureOf } from "../inspections.js";
import { imagesOfTensor } from "../kserve/images.js";
import { parseJson } from "../kserve/json.js";
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
const none = Buffer.alloc(0);

declare module "fastify" {
  interface FastifyRequest {
    /** What follows the JSON in a body of the binary data extension. */
    binary?: Buffer;
  }
}

/** /v2: the open inference protocol, for clients of other model servers. */
export async function kserveRoutes(app: App, parts: Parts): Promise<void> {
  const { models, options } = parts;
  app.decorateRequest("binary");
  app.addHook("preValidation", splitBody);
  app.removeContentTypeParser("application/json");
  const bytes = (_: FastifyRequest, body: IncomingMessage) => readBody(body, options.bodyLimit);
  app.addContentTypeParser("application/octet-stream", bytes);
  app.addContentTypeParser("application/json", async (request: FastifyRequest, body: IncomingMessage) =>
    parseJson(await bytes(request, body)),
  );

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
  app.post("/v2/models/:name/infer", { schema: infer }, async (request, reply) => {
    const model = models.get(request.params.name);
    const { body: asked } = request;
    const images = imagesOfTensor(asked.inputs[0]!, request.binary ?? none);
    if (images.length > options.imagesLimit) {
      throw new Refusal(413, `More than ${options.imagesLimit} images in one request`);
    }
    const asking = { station: asked.parameters?.station ?? "", signal: goneSignal(reply.raw) };
    const arrived = images.map((image) => ({ name: "", image }));
    const inspected = await inspectAll(parts, model, arrived, asking);
    // Tensors have no place for an image without a verdict.
    const inspections = inspected.map((one) => {
      if (one.outcome.verdict === "undecided") throw failureOf(one);
      return one.outcome;
    });
    const { tensors, binary: binaryOutputs } = outputTensors(asked, inspections);
    const answer = {
      model_name: model.name,
      model_version: inspections[0]!.model,
      ...(asked.id !== undefined && { id: asked.id }),
      outputs: tensors,
    };
    if (binaryOutputs.length === 0) return answer;
    const json = Buffer.from(JSON.stringify(answer));
    reply.header(jsonLengthHeader, json.length).type("application/octet-stream");
    return Buffer.concat([json, ...binaryOutputs]);
  });
}

/** Binary data follow the JSON: takes the two apart, so that the JSON is checked as any other. @throws Refusal 400. */
async function splitBody(request: FastifyRequest): Promise<void> {
  const { headers, body } = request;
  if (!Buffer.isBuffer(body)) return;
  const length = Number(headers[jsonLengthHeader]);
  if (!(Number.isInteger(length) && length > 0 && length <= body.length)) {
    throw new Refusal(400, "Inference-Header-Content-Length must say how many bytes of the body are JSON");
  }
  request.body = parseJson(body.subarray(0, length));
  request.binary = body.subarray(length);
}
