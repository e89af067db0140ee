import type { Dirent, Stats } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { type GlobOptions, glob } from "tinyglobby";
import { messageOf, UflowError } from "../error.js";
import { isImageName } from "./names.js";
import { naturalOrder } from "./natural-order.js";

/**
 * Expands files, folders (with all that is below them) and glob patterns to paths of images, in natural order, each
 * once. A file that is named itself is taken whatever its extension; hidden files are not. A folder that cannot be read is
 * there itself, as a link to nowhere is: whoever reads it is told, and what lies in it is not passed over.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE naming every pattern that matches nothing.
 */
export async function findImages(patterns: readonly string[]): Promise<string[]> {
  const byPlace = new Map<string, string>();
  const empty: string[] = [];
  for (const pattern of patterns) {
    const images = await expand(pattern);
    if (images.length === 0) empty.push(pattern);
    for (const path of images) {
      const place = await placeOf(path);
      if (!byPlace.has(place)) byPlace.set(place, path);
    }
  }
  if (empty.length > 0) {
    const names = empty.map((pattern) => `"${pattern}"`).join(", ");
    throw new UflowError(
      "ERR_UFLOW_BAD_IMAGE",
      `No image is found at ${names}; check the path or the pattern`,
    );
  }
  return [...byPlace.values()].sort(naturalOrder);
}

async function expand(pattern: string): Promise<string[]> {
  const entry = await stat(pattern).catch(() => undefined);
  if (entry && !entry.isDirectory()) return [pattern];
  const unread: string[] = [];
  const fs = fileSystem((folder) => unread.push(folder));
  const search = entry
    ? glob("**/*", { cwd: pattern, fs })
    : glob(asGlob(pattern), { expandDirectories: false, absolute: isAbsolute(pattern), fs });
  const found = await search.catch((error) => {
    throw new UflowError("ERR_UFLOW_BAD_IMAGE", `Cannot search "${pattern}": ${messageOf(error)}`, {
      cause: error,
    });
  });
  const images = found.filter(isImageName).map((path) => (entry ? join(pattern, path) : path));
  return [
    ...images,
    ...unread.map((folder) => (isAbsolute(pattern) ? resolve(folder) : relative("", folder) || ".")),
  ];
}

/** For the search: a link that leads nowhere is a file, which it would pass over otherwise, and so would it folders. */
const fileSystem = (onUnread: (folder: string) => void) =>
  ({
    readdir: (
      path: string,
      options: { withFileTypes: true },
      done: (error: unknown, entries: Dirent[]) => void,
    ) =>
      readdir(path, options).then(
        (entries) => done(null, entries),
        (error) => {
          if (error.code !== "ENOENT") onUnread(path);
          done(error, []);
        },
      ),
    realpath: (path: string, done: (error: null, place: string) => void) =>
      realpath(path).then(
        (place) => done(null, place),
        () => done(null, path),
      ),
    stat: (path: string, done: (error: unknown, entry?: Stats) => void) =>
      stat(path)
        .catch(() => lstat(path))
        .then((entry) => done(null, entry), done),
  }) as unknown as NonNullable<GlobOptions["fs"]>;

/** One file may be reached by several paths, through links too. A link to nowhere stays, so that it is reported. */
const placeOf = (path: string) => realpath(path).catch(() => resolve(path));

/** Globs are written with slashes; on Windows people write backslashes. */
const asGlob = (pattern: string) => (process.platform === "win32" ? pattern.replaceAll("\\", "/") : pattern);
