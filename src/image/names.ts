import { basename, extname } from "node:path";

const readExtensions = ".avif .bmp .gif .heif .jfif .jpe .jpeg .jpg .png .tif .tiff .webp".split(" ");

/** Of pictures that cannot be read: as images they are named with what to do, where other files would be passed over. */
const unreadExtensions = ".heic .jp2 .jxl .pgm .pnm .ppm .tga".split(" ");

/** Names of files that are taken for images end like this, in any case. */
const imageExtensions = new Set([...readExtensions, ...unreadExtensions]);

/** Whether a file's name is that of an image. Hidden files (".DS_Store", "._part.png") are none. */
export function isImageName(path: string): boolean {
  return !basename(path).startsWith(".") && imageExtensions.has(extname(path).toLowerCase());
}
