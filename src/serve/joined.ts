/** A client may send a body byte by byte, and each piece would take a hundred bytes: so pieces are copied into blocks of this many. */
const blockLength = 2 ** 16;

/**
 * Bytes that come in pieces, as one; in memory of their length, however small the pieces are.
 * @throws what `refuse` makes when they are more than `most`, and what `pieces` throws.
 */
export async function joined(
  pieces: AsyncIterable<Buffer>,
  most: number,
  refuse: () => Error,
): Promise<Buffer> {
  const blocks: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    if (length + piece.length > most) throw refuse();
    for (let taken = 0; taken < piece.length; ) {
      const used = length % blockLength;
      if (used === 0) blocks.push(Buffer.allocUnsafeSlow(blockLength));
      const copied = piece.copy(blocks.at(-1)!, used, taken);
      taken += copied;
      length += copied;
    }
  }
  return Buffer.concat(blocks, length);
}
