/** Content by its SHA-256: `blobs/sha256/<hex>`. Content is only ever added, under its own name, so processes need no lock. */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { UflowError } from "../../error.js";
import { AtomicFile, cannotWrite } from "../../output/atomic-file.js";
import { removeForgotten } from "../../output/temporary-name.js";

const folderOf = (home: string) => join(home, "blobs", "sha256");
export const blobPath = (home: string, sha256: string) => join(folderOf(home), sha256);

/** What was taken in: `Accepted` is what whoever accepted it said of it. */
export interface StoredBlob<Accepted> {
  sha256: string;
  bytes: number;
  accepted: Accepted;
}

/**
 * Copies the content of an open file into the store, under its SHA-256. `accept` is given that and the copy, which
 * nobody else writes to, and throws to refuse it. Needs room for the copy; costs a read and a write of the file.
 * @throws UflowError ERR_UFLOW_OUTPUT, and what `accept` throws; nothing is left behind.
 */
export async function addBlob<Accepted>(
  home: string,
  source: FileHandle,
  accept: (sha256: string, copy: string) => Promise<Accepted>,
): Promise<StoredBlob<Accepted>> {
  const folder = folderOf(home);
  const copy = await AtomicFile.start(folder);
  try {
    await removeForgotten(folder);
    const copied = await appendContent(source, copy);
    // To the disk first, so that a name never stands for less than its content.
    await copy.flush();
    const accepted = await accept(copied.sha256, copy.temporary);
    await copy.finish(copied.sha256);
    return { ...copied, accepted };
  } catch (error) {
    await copy.discard();
    throw error instanceof UflowError ? error : cannotWrite(folder, error);
  }
}

async function appendContent(
  source: FileHandle,
  copy: AtomicFile,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of contentOf(source)) {
    hash.update(chunk);
    await copy.append(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest("hex"), bytes };
}

/** The SHA-256 of a file, hexadecimal, in constant memory. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path);
  try {
    for await (const chunk of contentOf(file)) hash.update(chunk);
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

const contentOf = (file: FileHandle): AsyncIterable<Buffer> =>
  file.createReadStream({ start: 0, autoClose: false, highWaterMark: 2 ** 20 });
