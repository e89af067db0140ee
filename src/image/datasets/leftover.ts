import { readdir, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isImageName } from "../names.js";
import { kindOf } from "./folder.js";

/** What a folder holds beside the data set. */
export interface Leftover {
  images: string[];
  others: string[];
  emptyFolders: string[];
}

/**
 * Walks a folder and names what is not among the files that are used. Every folder is entered once, so that links in a
 * circle end; hidden files are passed over.
 * @param used paths, resolved
 */
export async function findLeftover(root: string, used: ReadonlySet<string>): Promise<Leftover> {
  const leftover: Leftover = { images: [], others: [], emptyFolders: [] };
  const entered = new Set<string>();
  const pending = [root];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const place = await realpath(folder).catch(() => folder!);
    if (entered.has(place)) continue;
    entered.add(place);
    pending.push(...(await visit(folder, used, leftover)));
  }
  return leftover;
}

/** @returns the folders inside. */
async function visit(folder: string, used: ReadonlySet<string>, leftover: Leftover): Promise<string[]> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(() => [])).filter(
    ({ name }) => !name.startsWith("."),
  );
  if (entries.length === 0) leftover.emptyFolders.push(folder);
  const folders: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const kind = await kindOf(folder, entry);
    if (kind === "folder") folders.push(path);
    else if (!used.has(resolve(path))) {
      leftover[kind === "file" && isImageName(path) ? "images" : "others"].push(path);
    }
  }
  return folders;
}
