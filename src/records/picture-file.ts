import sharp from "sharp";
import { isBmp } from "../image/bmp.js";
import { decodeImage } from "../image/decode.js";
import type { RecordedImage } from "./record.js";

/** An image as a file that other programs open. */
export interface PictureFile {
  extension: string;
  bytes: Uint8Array;
}

const extensions: Record<string, string> = {
  jpeg: "jpg",
  png: "png",
  webp: "webp",
  tiff: "tif",
  gif: "gif",
  heif: "avif",
};

/** The bytes of a file as they are, with the extension that they should have; of pixels a PNG, of 8 bits per channel. */
export async function pictureFile(image: RecordedImage): Promise<PictureFile> {
  if (image instanceof Uint8Array) return { extension: await extensionOf(image), bytes: image };
  const { data, width, height, channels } = await decodeImage(image);
  return {
    extension: "png",
    bytes: await sharp(data, { raw: { width, height, channels } }).png().toBuffer(),
  };
}

/** What cannot be read, and so has no verdict, is kept all the same. */
async function extensionOf(bytes: Uint8Array): Promise<string> {
  if (isBmp(bytes)) return "bmp";
  const { format } = await sharp(bytes)
    .metadata()
    .catch(() => ({ format: "" }));
  return extensions[format] ?? "bin";
}
