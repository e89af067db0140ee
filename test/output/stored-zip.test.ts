import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import yauzl from "yauzl";
import { crc32 } from "#uflow/output/crc32.js";
import { storedZip } from "#uflow/output/stored-zip.js";

describe("CRC-32", () => {
  it("has the check value of its definition", () => {
    expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });
});

describe("a ZIP file", () => {
  it("holds what it was given, at multiples of 64 bytes", async () => {
    // Names of many lengths, so that every padding is needed.
    const entries = Array.from({ length: 70 }, (_, i) => ({
      name: `folder/${"n".repeat(i)}`,
      bytes: Uint8Array.from({ length: i % 7 }, (_, k) => i + k),
    }));
    const bytes = Buffer.concat([...storedZip(entries)]);
    const zip = await yauzl.fromBufferPromise(bytes);
    let i = 0;
    for await (const entry of zip.eachEntry()) {
      const expected = entries[i++]!;
      expect(entry.fileName).toBe(expected.name);
      expect(entry.crc32).toBe(crc32(expected.bytes));
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      expect(fileDataStart % 64).toBe(0);
      expect([...(await buffer(await zip.openReadStreamPromise(entry)))]).toEqual([...expected.bytes]);
    }
    expect(i).toBe(entries.length);
  });
});
