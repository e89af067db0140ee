import type { Dirent, Stats } from "node:fs";
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
    const kind = await kindOf(path, entry);
    if (kind === "folder") folders.push(entry.name);
    else if (kind === "file" && isImageName(entry.name)) images.push(entry.name);
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

/**
 * What an entry of a folder is, followed through links. A link to nowhere counts as a file: an image that is missing must be
 * named, not passed over. A pipe does not: to read it is to wait for whoever writes to it.
 */
export async function kindOf(folder: string, entry: Dirent): Promise<"folder" | "file" | "other"> {
  const end = entry.isSymbolicLink()
    ? await stat(join(folder, entry.name)).catch(() => undefined)
    : (entry as Pick<Stats, "isDirectory" | "isFile">);
  if (end === undefined || end.isFile()) return "file";
  return end.isDirectory() ? "folder" : "other";
}

/** Whether a folder is there, followed through links. */
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
export const imagesOf = ({ path, images }: Pick<Folder, "path" | "images">) =>
  images.map((name) => join(path, name));

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

/** Whether a kind is what good images are called but for its capitals: taken for a defect it would spoil all figures. */
export const isGoodMiswritten = (kind: string, good: string) =>
  kind !== good && kind.toLowerCase() === good.toLowerCase();

export const miswritten = (kind: string, good: string) =>
  `"${kind}" would be a kind of defect; good images are called "${good}"`;

export function badDataset(path: string, problem: string, cause?: unknown): UflowError {
  return new UflowError("ERR_UFLOW_BAD_DATASET", `No dataset in ${path}: ${problem}`, { cause });
}
