/** The remainders of all bytes for a polynomial, reflected. */
const remainders = (polynomial: number) =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0);
    return remainder;
  });

const ieee = remainders(0xedb88320);
const castagnoli = remainders(0x82f63b78);

/** CRC-32 as ZIP files have it (IEEE 802.3). Node's own (zlib.crc32) is missing in early versions of Node 20. */
export const crc32 = (bytes: Uint8Array) => remainder(ieee, bytes);

/** CRC-32C, Castagnoli's polynomial (RFC 3720, appendix B.4). */
export const crc32c = (bytes: Uint8Array) => remainder(castagnoli, bytes);

function remainder(table: Uint32Array, bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    remainder = (remainder >>> 8) ^ table[(remainder ^ bytes[i]!) & 0xff]!;
  }
  return ~remainder >>> 0;
}
