import { describe, expect, it } from "vitest";
import { decodeImage } from "#uflow/image/decode.js";

interface Bitmap {
  width?: number;
  height?: number;
  bits: number;
  palette?: number[][];
  rows: number[][];
  compression?: number;
  masks?: number[];
}

/** A bitmap of rows of bytes as they stand in the file, each filled up to four bytes. */
function bmp({
  width = 2,
  height = 2,
  bits,
  palette = [],
  rows,
  compression = 0,
  masks = [],
}: Bitmap): Buffer {
  const header = Buffer.alloc(54);
  const extra = Buffer.alloc(4 * masks.length);
  masks.forEach((mask, i) => {
    extra.writeUInt32LE(mask, 4 * i);
  });
  const colours = Buffer.from(palette.flatMap(([red, green, blue]) => [blue!, green!, red!, 0]));
  const pixels = Buffer.from(rows.flatMap((row) => [...row, ...Array((4 - (row.length % 4)) % 4).fill(0)]));
  header.write("BM", "latin1");
  header.writeUInt32LE(54 + extra.length + colours.length, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(bits, 28);
  header.writeUInt32LE(compression, 30);
  header.writeUInt32LE(palette.length, 46);
  return Buffer.concat([header, extra, colours, pixels]);
}

const black = [0, 0, 0];
const white = [255, 255, 255];
const red = [255, 0, 0];
const greys = [black, white];

describe("bitmaps", () => {
  it("of 24 bits: blue first, rows from the bottom", async () => {
    const file = bmp({
      bits: 24,
      rows: [
        [1, 2, 3, 4, 5, 6],
        [7, 8, 9, 10, 11, 12],
      ],
    });
    const { data, ...size } = await decodeImage(file);
    expect(size).toEqual({ width: 2, height: 2, channels: 3 });
    expect([...data]).toEqual([9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4]);
  });

  it("of 32 bits, from the top: alpha is dropped", async () => {
    const rows = [
      [1, 2, 3, 9, 4, 5, 6, 9],
      [7, 8, 9, 9, 10, 11, 12, 9],
    ];
    const [first, second] = [
      [3, 2, 1, 6, 5, 4],
      [9, 8, 7, 12, 11, 10],
    ];
    expect([...(await decodeImage(bmp({ bits: 32, height: -2, rows }))).data]).toEqual([
      ...first!,
      ...second!,
    ]);
    const masks = [0xff0000, 0xff00, 0xff];
    const file = bmp({ bits: 32, height: -2, rows, compression: 3, masks });
    expect([...(await decodeImage(file)).data]).toEqual([...first!, ...second!]);
  });

  it("with a palette: one channel where all of it is grey", async () => {
    const masks = await decodeImage(
      bmp({
        bits: 8,
        palette: [white, black],
        rows: [
          [0, 1],
          [1, 1],
        ],
      }),
    );
    expect(masks).toEqual({ width: 2, height: 2, channels: 1, data: Uint8Array.of(0, 0, 255, 0) });
    const coloured = await decodeImage(bmp({ bits: 4, palette: [black, red], rows: [[0x01], [0x10]] }));
    expect([...coloured.data]).toEqual([...red, ...black, ...black, ...red]);
    const bits = await decodeImage(
      bmp({ width: 9, height: 1, bits: 1, palette: greys, rows: [[0b10000001, 0x80]] }),
    );
    expect([...bits.data]).toEqual([255, 0, 0, 0, 0, 0, 0, 255, 255]);
  });

  const refused: [what: string, file: Buffer, message: RegExp][] = [
    ["truncated", bmp({ bits: 24, rows: [[1, 2, 3, 4, 5, 6]] }), /truncated/],
    ["compressed", bmp({ bits: 8, palette: greys, rows: [], compression: 1 }), /8 bits with compression 1/],
    ["of 16 bits", bmp({ bits: 16, rows: [[0], [0]] }), /16 bits/],
    [
      "with other masks",
      bmp({ bits: 32, rows: [], compression: 3, masks: [255, 65280, 1] }),
      /compression 3/,
    ],
    [
      "pointing outside of the palette",
      bmp({
        bits: 8,
        palette: greys,
        rows: [
          [2, 0],
          [0, 0],
        ],
      }),
      /outside of its palette/,
    ],
    ["with more colours than bytes", bmp({ bits: 8, rows: [[0], [0]] }), /palette is damaged/],
    ["without width", bmp({ width: 0, bits: 24, rows: [] }), /header is damaged/],
    ["too large", bmp({ width: 2 ** 20, height: 2 ** 20, bits: 24, rows: [] }), /more than the limit/],
    ["cut off", bmp({ bits: 24, rows: [] }).subarray(0, 40), /header is cut off/],
  ];
  it.each(refused)("refuses one that is %s", async (_, file, message) => {
    await expect(decodeImage(file)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_IMAGE",
      message: expect.stringMatching(message),
    });
  });
});
