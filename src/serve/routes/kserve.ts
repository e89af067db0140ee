import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import type { Manifest } from "../../bundle/manifest.js";
import type { RecordedImage } from "../../records/record.js";
import { engineVersion } from "../../version.js";
import { modelParamsSchema, modelVersionParamsSchema } from "../api.js";
import { readBody } from "../body.js";
import { failureOf } from "../inspections.js";
import { describeOutputs, outputTensors } from "../kserve/outputs.js";
import {
  inferAnswerSchema,
  inferRequestSchema,
  modelMetadataSchema,
  modelReadySchema,
  serverLiveSchema,
  serverMetadataSchema,
  serverReadySchema,
} from "../kserve/schemas.js";
import type { LoadedModel } from "../models.js";
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
  const { bodyLimit } = parts.options;
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

  const live = { summary: "That the server is alive", tags, open: true, answer: serverLiveSchema };
  app.get("/v2/health/live", { schema: live }, async () => ({ live: true }));

  const ready = {
    summary: "Whether images are taken on; else with status 503",
    tags,
    open: true,
    answer: serverReadySchema,
  };
  app.get("/v2/health/ready", { schema: ready }, async () => {
    const reason = whyNotReady(parts);
    if (reason !== undefined) throw new Refusal(503, reason);
    return { live: true, ready: true };
  });

  for (const address of ["/v2/models/:name", "/v2/models/:name/versions/:version"]) {
    modelRoutes(app, parts, address);
  }
}

/** What is asked of one model, with a version or without one. */
function modelRoutes(app: App, parts: Parts, address: string): void {
  const { models, options, json } = parts;
  const params = address.endsWith(":version") ? modelVersionParamsSchema : modelParamsSchema;
  const modelOf = ({ name, version }: { name: string; version?: string | undefined }): LoadedModel => {
    const model = models.get(name);
    const { model: loaded } = model.inspector;
    if (version === undefined || version === loaded) return model;
    throw new Refusal(404, `The model "${name}" has no version "${version}"; loaded is ${loaded}`);
  };

  const metadata = { summary: "A model", tags, params, answer: modelMetadataSchema };
  const mapSide = ({ tiling, mapSize }: Manifest) => (tiling ? -1 : (options.inspector.mapSize ?? mapSize));
  app.get(address, { schema: metadata }, async ({ params }) => {
    const { name, inspector } = modelOf(params);
    return {
      name,
      versions: [inspector.model],
      platform: "uflow",
      inputs: [{ name: "image", datatype: "BYTES", shape: [-1] }],
      outputs: describeOutputs(mapSide(inspector.manifest)),
    };
  });

  const ready = { summary: "Whether a model is loaded", tags, params, answer: modelReadySchema };
  app.get(`${address}/ready`, { schema: ready }, async ({ params }) => ({
    name: modelOf(params).name,
    ready: true,
  }));

  const infer = {
    summary: "Inspects images",
    tags,
    params,
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
  const route = `${address}/infer`;
  const reading = { route: `POST ${route}`, imagesLimit: options.imagesLimit };
  /** Takes the images out of the body, so that the rest is checked as any other. */
  const preValidation = async (request: FastifyRequest) => {
    if (!Buffer.isBuffer(request.body)) return;
    const body = { bytes: request.body, jsonLength: jsonLengthOf(request) };
    const { asked, images } = await json.read(body, reading);
    request.body = asked;
    request.images = images;
  };
  app.post(route, { schema: infer, preValidation }, async (request, reply) => {
    const model = modelOf(request.params);
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
