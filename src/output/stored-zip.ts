import { crc32 } from "./crc32.js";

export interface ZipEntry {
  /** ASCII. */
  name: string;
  bytes: Uint8Array;
}

/** Sizes and places are 32-bit numbers; ZIP64 is not written. */
export const longestZip = 2 ** 32 - 1;

/** Midnight of 1980-01-01, the first day there is, so that the same entries give the same file. */
const date = 0x21;
const version = 10;
const paddingId = 0x4246;

/**
 * A ZIP file of stored entries, piece by piece, for `writeFileAtomic`. The contents are handed on as they are, not
 * copied, and begin at multiples of 64 bytes, so that they can be mapped into memory.
 * @param entries fewer than 2^16, together less than `longestZip`.
 */
export function* storedZip(entries: readonly ZipEntry[]): Generator<Uint8Array> {
  const directory: Buffer[] = [];
  let position = 0;
  for (const entry of entries) {
    const crc = crc32(entry.bytes);
    const local = localHeader(entry, crc, position);
    directory.push(directoryRecord(entry, crc, position));
    yield local;
    yield entry.bytes;
    position += local.length + entry.bytes.length;
  }
  const records = Buffer.concat(directory);
  yield records;
  yield directoryEnd(entries.length, records.length, position);
}

function localHeader({ name, bytes }: ZipEntry, crc: number, position: number): Buffer {
  const padding = paddingFor(position + 30 + name.length);
  const header = Buffer.alloc(30 + name.length + padding);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(version, 4);
  header.writeUInt16LE(date, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(bytes.length, 18); // compressed
  header.writeUInt32LE(bytes.length, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(padding, 28);
  header.write(name, 30, "latin1");
  if (padding > 0) {
    header.writeUInt16LE(paddingId, 30 + name.length);
    header.writeUInt16LE(padding - 4, 32 + name.length);
  }
  return header;
}

/** Length of an extra field behind which a multiple of 64 stands: none, or at least its own four bytes. */
function paddingFor(position: number): number {
  const missing = (64 - (position % 64)) % 64;
  return missing === 0 || missing >= 4 ? missing : missing + 64;
}

function directoryRecord({ name, bytes }: ZipEntry, crc: number, position: number): Buffer {
  const record = Buffer.alloc(46 + name.length);
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE(version, 4);
  record.writeUInt16LE(version, 6);
  record.writeUInt16LE(date, 14);
  record.writeUInt32LE(crc, 16);
  record.writeUInt32LE(bytes.length, 20); // compressed
  record.writeUInt32LE(bytes.length, 24);
  record.writeUInt16LE(name.length, 28);
  record.writeUInt32LE(position, 42);
  record.write(name, 46, "latin1");
  return record;
}

function directoryEnd(count: number, size: number, position: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(position, 16);
  return end;
}
