import type { IncomingMessage } from "node:http";
import multipart from "@fastify/multipart";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { messageOf } from "../error.js";
import { tooLarge } from "./admission.js";
import type { Arrived } from "./inspections.js";
import { joined } from "./joined.js";
import type { CheckedServiceOptions } from "./options.js";
import { Refusal } from "./refusal.js";

type Limits = Pick<CheckedServiceOptions, "bodyLimit" | "imagesLimit">;

/** The field of forms in which images are. */
const field = "image";

/** Takes images, and nothing else, in the routes of `app`: one as the body, or many as files of a form. */
export async function takeImages(app: FastifyInstance, { bodyLimit, imagesLimit }: Limits): Promise<void> {
  app.removeAllContentTypeParsers();
  await app.register(multipart, {
    limits: { files: imagesLimit, fields: 0, fileSize: bodyLimit + 1, headerPairs: 100 },
  });
  for (const type of ["application/octet-stream", /^image\//]) {
    app.addContentTypeParser(type, (_: FastifyRequest, body: IncomingMessage) => readBody(body, bodyLimit));
  }
}

/** All of a body. @throws Refusal 413; 400 where it ends early. */
export async function readBody(body: IncomingMessage, bodyLimit: number): Promise<Buffer> {
  // The answer needs the connection, which goes with the stream.
  const pieces = body.iterator({ destroyOnReturn: false });
  try {
    return await joined(pieces, bodyLimit, () => tooLarge(bodyLimit));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, `The body did not arrive as a whole: ${messageOf(error)}`);
  }
}

/** The images of a request, in their order. @throws Refusal 400, 413. */
export async function imagesOf(
  request: FastifyRequest,
  { bodyLimit, imagesLimit }: Limits,
): Promise<Arrived[]> {
  const images = request.isMultipart()
    ? await formImages(request, bodyLimit).catch(refuseForm)
    : bodyImage(request);
  if (images.length === 0) throw new Refusal(400, `The form has no file in a field "${field}"`);
  if (images.length > imagesLimit) throw new Refusal(413, `More than ${imagesLimit} images in one request`);
  return images;
}

/** What the parser of forms throws has a status, unless it cannot read the form at all. */
function refuseForm(error: unknown): never {
  if (Object(error).code === "FST_FIELDS_LIMIT") {
    throw new Refusal(400, `The form has a field that is no file; send images as files "${field}"`);
  }
  if (error instanceof Refusal || Object(error).statusCode !== undefined) throw error;
  throw new Refusal(400, `The form cannot be read: ${messageOf(error)}`);
}

function bodyImage({ body }: FastifyRequest): Arrived[] {
  if (Buffer.isBuffer(body)) return [{ name: "", image: body }];
  throw new Refusal(415, `Send an image, as image/png, or a form with files "${field}"`);
}

async function formImages(request: FastifyRequest, bodyLimit: number): Promise<Arrived[]> {
  const images: Arrived[] = [];
  let left = bodyLimit;
  for await (const part of request.files()) {
    const { fieldname, filename } = part;
    if (fieldname !== field) throw new Refusal(400, `Send images as "${field}", not as "${fieldname}"`);
    // The limit is of all files together.
    const image = await joined(part.file, left, () => tooLarge(bodyLimit));
    left -= image.length;
    // A part of the type application/octet-stream is a file without a name, too.
    images.push({ name: filename ?? "", image });
  }
  return images;
}
