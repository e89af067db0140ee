import type { RawImage } from "../kernels/index.js";

/** Makes the error that is thrown for a bitmap that is not read. */
export type RefuseBmp = (reason: string) => Error;

/** What the first bytes of a Windows bitmap say. */
export interface BmpHeader {
  width: number;
  height: number;
  /** Per pixel: 1, 4 or 8 with a palette, 24 or 32 without. */
  bits: number;
  /** Rows usually begin at the bottom. */
  topDown: boolean;
  /** Where the palette and where the pixels begin, bytes. */
  palette: number;
  pixels: number;
  /** Entries of the palette; 0 without one. */
  colours: number;
}

/** Bytes that hold a header. */
export const bmpHeaderBytes = 66;

export const isBmp = (bytes: Uint8Array) => bytes[0] === 0x42 && bytes[1] === 0x4d;

/** Of uncompressed bitmaps only: BI_RGB, and BI_BITFIELDS where it says the same as BI_RGB. */
export function readBmpHeader(bytes: Uint8Array, refuse: RefuseBmp): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 54) throw refuse("its header is cut off; copy it again");
  const headerBytes = view.getUint32(14, true);
  const [width, signedHeight] = [view.getInt32(18, true), view.getInt32(22, true)];
  const [bits, compression] = [view.getUint16(28, true), view.getUint32(30, true)];
  if (headerBytes < 40 || width < 1 || signedHeight === 0) throw refuse("its header is damaged or very old");
  const plain = compression === 0 || (compression === 3 && bits === 32 && hasUsualMasks(view));
  if (!plain || ![1, 4, 8, 24, 32].includes(bits)) {
    throw refuse(`it is a bitmap of ${bits} bits with compression ${compression}; export it as PNG`);
  }
  const colours = bits > 8 ? 0 : view.getUint32(46, true) || 2 ** bits;
  return {
    width,
    height: Math.abs(signedHeight),
    bits,
    topDown: signedHeight < 0,
    palette: 14 + headerBytes,
    pixels: view.getUint32(10, true),
    colours,
  };
}

/** Red, green and blue where BI_RGB has them. */
function hasUsualMasks(view: DataView): boolean {
  return (
    view.byteLength >= bmpHeaderBytes &&
    [0xff0000, 0xff00, 0xff].every((mask, i) => view.getUint32(54 + 4 * i, true) === mask)
  );
}

/** 8 bits per channel; a palette of greys makes one channel, all else three. Alpha is dropped. */
export function readBmpPixels(bytes: Uint8Array, header: BmpHeader, refuse: RefuseBmp): RawImage {
  const { width, height, bits, pixels } = header;
  const rowBytes = Math.ceil((bits * width) / 32) * 4;
  if (pixels + rowBytes * height > bytes.length) throw refuse("it is truncated; copy or export it again");
  const palette = readPalette(bytes, header, refuse);
  const channels = palette && isGrey(palette) ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  const source = palette ?? bytes;
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = pixels + rowBytes * (header.topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const from = palette ? 4 * paletteIndex(bytes, row, x, bits) : row + (x * bits) / 8;
      if (from >= source.length) throw refuse("a pixel points outside of its palette; export it again");
      // Colours stand as blue, green, red.
      for (let channel = 0; channel < channels; channel++) data[to++] = source[from + 2 - channel]!;
    }
  }
  return { data, width, height, channels };
}

/** Four bytes per colour: blue, green, red and one without meaning. */
function readPalette(
  bytes: Uint8Array,
  { colours, palette, pixels }: BmpHeader,
  refuse: RefuseBmp,
): Uint8Array | undefined {
  if (colours === 0) return undefined;
  const end = palette + 4 * colours;
  if (colours > 256 || end > pixels) throw refuse("its palette is damaged; export it again");
  return bytes.subarray(palette, end);
}

const isGrey = (palette: Uint8Array) =>
  palette.every((value, i) => i % 4 === 3 || value === palette[i - (i % 4)]);

function paletteIndex(bytes: Uint8Array, row: number, x: number, bits: number): number {
  const place = x * bits;
  return (bytes[row + (place >> 3)]! >> (8 - bits - (place & 7))) & (2 ** bits - 1);
}
