/**
 * What has arrived of a file so far, in `partial/`, by its address and its ETag.
 *
 * Several processes may write to the same one without a lock: an ETag stands for one content, every process writes each
 * byte at its place, and begins where another has got to. So there are never holes, a process that is killed or stopped
 * keeps nobody waiting, and all that has arrived is used. What is finished is copied out of here (`addBlob`), so that a
 * late writer cannot touch what was verified.
 */
import { createHash } from "node:crypto";
import { constants, type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { cannotWrite } from "../../output/atomic-file.js";
import { temporaryName } from "../../output/temporary-name.js";
import { PassingError } from "./retry.js";

export interface PartialFile {
  path: string;
  /** Undefined when the server gave none that may be resumed by: then the file belongs to one process. */
  etag: string | undefined;
  /** Bytes that are there, from the first. */
  size: number;
}

const extension = ".part";
/** It stands in the name in hexadecimal, and names of files have at most 255 bytes. */
const longestEtag = 100;

/** What can be gone on with: the newest, since the file at the address may have changed. */
export async function findPartial(folder: string, url: string): Promise<PartialFile | undefined> {
  const found: (PartialFile & { mtimeMs: number })[] = [];
  for (const entry of await entriesOf(folder, url)) {
    const path = join(folder, entry);
    const status = await stat(path).catch(() => undefined);
    const etag = Buffer.from(entry.slice(keyOf(url).length + 1, -extension.length), "hex").toString();
    if (status && status.size > 0) found.push({ path, etag, size: status.size, mtimeMs: status.mtimeMs });
  }
  return found.sort((a, b) => b.mtimeMs - a.mtimeMs)[0];
}

/** Where to write what a server sends under this ETag. Only a strong one stands for every byte (RFC 9110, 8.8.1). */
export function newPartial(folder: string, url: string, etag: string | undefined): PartialFile {
  if (!etag?.startsWith('"') || etag.length > longestEtag)
    return { path: join(folder, temporaryName()), etag: undefined, size: 0 };
  const name = `${keyOf(url)}.${Buffer.from(etag).toString("hex")}${extension}`;
  return { path: join(folder, name), etag, size: 0 };
}

/**
 * Opens it to go on at `start`.
 * @throws PassingError when that is no longer there, because another process has finished; UflowError ERR_UFLOW_OUTPUT.
 */
export async function openPartial({ path }: PartialFile, start: number): Promise<FileHandle> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644).catch((error) => {
    throw cannotWrite(path, error);
  });
  const { size } = await file.stat();
  if (size >= start) return file;
  await file.close();
  throw new PassingError("another process has finished the same download");
}

/** Removes everything that has arrived from an address. */
export async function discardPartials(folder: string, url: string): Promise<void> {
  for (const entry of await entriesOf(folder, url)) await rm(join(folder, entry), { force: true });
}

async function entriesOf(folder: string, url: string): Promise<string[]> {
  const entries = await readdir(folder).catch(() => []);
  return entries.filter((entry) => entry.startsWith(`${keyOf(url)}.`) && entry.endsWith(extension));
}

const keyOf = (url: string) => createHash("sha256").update(url).digest("hex").slice(0, 32);
