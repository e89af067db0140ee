import yauzl, { type Entry, RandomAccessReader } from "yauzl";
import { messageOf, UflowError } from "../error.js";
import { quoted } from "./quoted.js";
import type { RandomAccessFile } from "./random-access-file.js";

/** Where an entry's content lies in the file, in bytes. */
export interface StoredEntry {
  start: number;
  size: number;
}

/** Far more than any model has; the directory of a hostile file could fill the memory. */
const longestDirectory = 2 ** 16;

/**
 * All entries of a ZIP file (also ZIP64) by name. They are stored, not compressed or encrypted, each lies inside of the
 * file and no two share a byte, so that together they are no larger than the file.
 * @param kind what the file should be, for the message where it is no ZIP file: ".uflow file".
 * @throws what `file.refuse` makes.
 */
export async function storedEntries(file: RandomAccessFile, kind: string): Promise<Map<string, StoredEntry>> {
  try {
    return await readDirectory(file);
  } catch (error) {
    if (error instanceof UflowError) throw error;
    const message = messageOf(error);
    // The directory of a ZIP file stands at its end.
    const noZip = /central dir/i.test(message);
    const problem = noZip
      ? `it is not a ${kind}, or it was cut off`
      : `its directory is damaged: ${quoted(message)}`;
    throw file.refuse(problem, error);
  }
}

async function readDirectory(file: RandomAccessFile): Promise<Map<string, StoredEntry>> {
  const reader = new CheckedReader(file);
  const zip = await yauzl.fromRandomAccessReaderPromise(reader, file.size, { autoClose: false });
  if (zip.entryCount > longestDirectory) {
    throw file.refuse(`it has ${zip.entryCount} entries; at most ${longestDirectory} are read`);
  }
  const entries = new Map<string, StoredEntry>();
  const taken: Span[] = [];
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName;
    checkStored(file, entry);
    if (entries.has(name)) throw file.refuse(`the entry ${quoted(name)} is there twice`);
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    entries.set(name, { start: fileDataStart, size: entry.uncompressedSize });
    taken.push({ from: entry.relativeOffsetOfLocalHeader, to: fileDataStart + entry.uncompressedSize });
  }
  if (overlap(taken)) throw file.refuse("its entries overlap");
  return entries;
}

function checkStored(file: RandomAccessFile, entry: Entry): void {
  if (entry.compressionMethod !== 0) throw file.refuse(`the entry ${quoted(entry.fileName)} is compressed`);
  if (entry.isEncrypted()) throw file.refuse(`the entry ${quoted(entry.fileName)} is encrypted`);
}

interface Span {
  from: number;
  to: number;
}

function overlap(spans: Span[]): boolean {
  spans.sort((a, b) => a.from - b.from);
  return spans.some((span, i) => i > 0 && span.from < spans[i - 1]!.to);
}

/**
 * Reads for yauzl. Its own reader hands a position of a damaged ZIP64 file to Node unchecked, from within a callback:
 * that ends the process.
 */
class CheckedReader extends RandomAccessReader {
  constructor(private readonly file: RandomAccessFile) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.file
      .readInto(buffer.subarray(offset, offset + length), position)
      .then(() => callback(null))
      // Also for what the callback itself throws, which nobody else would catch.
      .catch(callback);
  }
}
