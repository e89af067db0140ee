import { readdir, stat } from "node:fs/promises";
import { join, parse } from "node:path";
import { messageOf, UflowError } from "../../error.js";
import { isImageName } from "../names.js";
import { naturalOrder } from "../natural-order.js";

/** What stands in one folder: names only, in natural order, hidden files left out. */
export interface Folder {
  path: string;
  images: string[];
  folders: string[];
  others: string[];
}

/** @throws UflowError ERR_UFLOW_BAD_DATASET when it cannot be listed. */
export async function listFolder(path: string): Promise<Folder> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error) => {
    throw badDataset(path, problemOf(path, error), error);
  });
  const images: string[] = [];
  const folders: string[] = [];
  const others: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const isDirectory = entry.isSymbolicLink() ? await isFolder(join(path, entry.name)) : entry.isDirectory();
    if (isDirectory) folders.push(entry.name);
    else if (isImageName(entry.name)) images.push(entry.name);
    else others.push(entry.name);
  }
  for (const names of [images, folders, others]) names.sort(naturalOrder);
  return { path, images, folders, others };
}

/** What lies at the end of names; a folder without anything in it where there is none. */
export async function listInside(folder: Folder | string, ...names: string[]): Promise<Folder> {
  const path = join(typeof folder === "string" ? folder : folder.path, ...names);
  return (await isFolder(path)) ? listFolder(path) : { path, images: [], folders: [], others: [] };
}

/** A link to nowhere is none, so that it counts as a file: an image that is missing must be named, not passed over. */
export function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

/** Whether a file is there, followed through links. */
export function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}

/** Paths of the images. */
export const imagesOf = ({ path, images }: Folder) => images.map((name) => join(path, name));

/** Paths of the images, by name without extension. */
export const imagesByStem = ({ path, images }: Folder) =>
  new Map(images.map((name) => [parse(name).name, join(path, name)]));

/** The images that have a mask beside them, called like the image and then `suffix`; the masks are no images of their own. */
export function imagesWithMasks(folder: Folder, suffix: string): { path: string; mask: string }[] {
  const images = imagesByStem(folder);
  return [...images].flatMap(([stem, image]) => {
    const mask = images.get(`${stem}${suffix}`);
    return mask ? [{ path: image, mask }] : [];
  });
}

function problemOf(path: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return `${path} does not exist`;
  if (code === "ENOTDIR") return `${path} is not a folder`;
  if (code === "EACCES" || code === "EPERM") return `there is no permission to read ${path}`;
  return messageOf(error);
}

/** What a folder holds, for messages. */
export function found({ images, folders, others }: Folder): string {
  const shown = folders.slice(0, 5).join(", ");
  const more = folders.length > 5 ? `, … (${folders.length})` : "";
  const parts = [
    ...(folders.length > 0 ? [`the folders ${shown}${more}`] : []),
    ...(images.length > 0 ? [`${images.length} images`] : []),
    ...(others.length > 0 ? [`${others.length} other files`] : []),
  ];
  return parts.length > 0 ? `found ${parts.join(", ")}` : "is empty";
}

export function badDataset(path: string, problem: string, cause?: unknown): UflowError {
  return new UflowError("ERR_UFLOW_BAD_DATASET", `No dataset in ${path}: ${problem}`, { cause });
}
