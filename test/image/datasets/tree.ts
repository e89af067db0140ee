import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect } from "vitest";

/** A folder in which a test grows a data set; another one for every test. */
export class Tree {
  root = "";

  /** Empty files: most data sets are listed without opening their images. */
  async empty(...paths: string[]): Promise<void> {
    for (const path of paths) await this.write(path, "");
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), content);
  }

  /** Grey pictures of one tone. The format is that of the name. */
  async grey(tone: number, ...paths: string[]): Promise<void> {
    for (const path of paths) await this.picture(path, { tone });
  }

  async picture(path: string, { width = 4, height = 4, tone = 0 } = {}): Promise<void> {
    const data = new Uint8Array(width * height).fill(tone);
    const image = sharp(data, { raw: { width, height, channels: 1 } }).toColourspace("b-w");
    const format = path.slice(path.lastIndexOf(".") + 1);
    await this.write(
      path,
      format === "bmp" ? greyBmp(data, width, height) : await image.toFormat(format as "png").toBuffer(),
    );
  }

  at = (path: string) => join(this.root, path);

  /** Below the folder. */
  names = (paths: readonly string[]) => paths.map((path) => relative(this.root, path).replaceAll("\\", "/"));
}

export function scratchTree(): Tree {
  const tree = new Tree();
  beforeEach(async () => {
    tree.root = await mkdtemp(join(tmpdir(), "uflow-data-"));
  });
  afterEach(() => rm(tree.root, { recursive: true }));
  return tree;
}

export const refusedDataset = (message: RegExp) => ({
  code: "ERR_UFLOW_BAD_DATASET",
  message: expect.stringMatching(message),
});

/** 8 bits with a palette of greys, rows from the bottom. */
export function greyBmp(data: Uint8Array, width: number, height: number): Uint8Array {
  const rowBytes = Math.ceil(width / 4) * 4;
  const start = 54 + 1024;
  const file = Buffer.alloc(start + rowBytes * height);
  file.write("BM", "latin1");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(start, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(8, 28);
  for (let i = 0; i < 256; i++) file.fill(i, 54 + 4 * i, 57 + 4 * i);
  for (let y = 0; y < height; y++) {
    file.set(data.subarray(y * width, (y + 1) * width), start + rowBytes * (height - 1 - y));
  }
  return file;
}

/** A NumPy file of version 1. */
export function npy(type: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sides}), }`;
  const header = `${text.padEnd(117)}\n`;
  const preamble = Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1");
  return Buffer.concat([preamble, Buffer.from(header, "latin1"), data]);
}
