import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { Random } from "#uflow/random.js";

const side = 64;

export interface TinyProduct extends AsyncDisposable {
  /** Folder of the product, MVTec-AD layout. */
  data: string;
  /** A folder to write to, removed with the product. */
  scratch: string;
}

/**
 * A product of which pictures take no time: a bright disc on grey noise. Eight good ones to learn from; to test three
 * good ones, three with a hole (with masks) and two with a stripe (without masks).
 */
export async function tinyProduct(): Promise<TinyProduct> {
  const scratch = await mkdtemp(join(tmpdir(), "uflow-evaluate-"));
  const data = join(scratch, "disc");
  const random = new Random(5);
  const save = (path: string, pixels: Uint8Array) => writePng(join(data, path), pixels);
  for (let i = 0; i < 8; i++) await save(`train/good/${i}.png`, disc(random));
  for (let i = 0; i < 3; i++) await save(`test/good/${i}.png`, disc(random));
  for (let i = 0; i < 3; i++) {
    const hole = square(24 + 4 * i, 26, 12);
    await save(`test/hole/${i}.png`, drawn(disc(random), hole, 0));
    await save(`ground_truth/hole/${i}_mask.png`, drawn(new Uint8Array(side * side), hole, 255));
  }
  for (let i = 0; i < 2; i++)
    await save(`test/stripe/${i}.png`, drawn(disc(random), square(0, 10 + i, side, 3), 255));
  return { data, scratch, [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }) };
}

export async function writePng(path: string, pixels: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    await sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
      .png()
      .toBuffer(),
  );
}

function disc(random: Random): Uint8Array {
  const [x0, y0] = [31.5 + random.between(-1, 1), 31.5 + random.between(-1, 1)];
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const inside = Math.hypot((i % side) - x0, Math.floor(i / side) - y0) < 22;
    return (inside ? 170 : 90) + 6 * random.normal();
  });
}

/** Pixel numbers of a rectangle. */
function square(x: number, y: number, width: number, height = width): number[] {
  return Array.from(
    { length: width * height },
    (_, i) => (y + Math.floor(i / width)) * side + x + (i % width),
  );
}

function drawn(pixels: Uint8Array, where: readonly number[], value: number): Uint8Array {
  for (const pixel of where) pixels[pixel] = value;
  return pixels;
}
