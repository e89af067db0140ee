import { parseOptions } from "../../options.js";
import type { RecordedImage } from "../../records/record.js";
import { Refusal } from "../refusal.js";
import { imagesOfTensor } from "./images.js";
import { parseJson } from "./json.js";
import { type InferRequest, inferRequestSchema } from "./schemas.js";

/** Bytes of JSON that the event loop reads by itself; and of what may stand in a request beside its images. */
export const shortJson = 64 * 1024;

/** The body of a request: JSON, and behind it what the binary data extension has there. */
export interface RequestBody {
  bytes: Uint8Array;
  jsonLength: number;
}

export interface InferAsked {
  /** Without the data of its tensor. */
  asked: InferRequest;
  images: RecordedImage[];
}

/** @param route for messages. @throws UflowError ERR_UFLOW_BAD_OPTION, Refusal 400, 413. */
export function readRequest(
  { bytes, jsonLength }: RequestBody,
  { route, imagesLimit }: { route: string; imagesLimit: number },
): InferAsked {
  const json = Buffer.from(bytes.buffer, bytes.byteOffset, jsonLength);
  const asked = parseOptions(route, inferRequestSchema, parseJson(json));
  const [tensor] = asked.inputs;
  const images = imagesOfTensor(tensor!, bytes.subarray(jsonLength), imagesLimit);
  delete tensor!.data;
  if (jsonLength > shortJson && JSON.stringify(asked).length > shortJson) {
    throw new Refusal(400, `The JSON has more than ${shortJson} bytes beside its images`);
  }
  return { asked, images };
}
