import { basename, extname } from "node:path";

/** Names of files that are taken for images end like this, in any case. */
export const imageExtensions: readonly string[] = [
  ".avif",
  ".bmp",
  ".gif",
  ".heif",
  ".jfif",
  ".jpeg",
  ".jpg",
  ".png",
  ".tif",
  ".tiff",
  ".webp",
];

/** Whether a file's name is that of an image. Hidden files (".DS_Store", "._part.png") are none. */
export function isImageName(path: string): boolean {
  return !basename(path).startsWith(".") && imageExtensions.includes(extname(path).toLowerCase());
}
