import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import type { RawImage } from "#uflow/kernels/index.js";
import { Random } from "#uflow/random.js";
import { train } from "#uflow/train/index.js";

/** Grey noise, with a dark square of 8 pixels if wanted. */
export function surface(
  random: Random,
  { width = 128, height = 128, defect }: Partial<Picture> = {},
): RawImage {
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const noise = 128 + 6 * random.normal();
    if (!defect) return noise;
    return x >= defect.x && x < defect.x + 8 && y >= defect.y && y < defect.y + 8 ? 40 : noise;
  });
  return { data, width, height, channels: 1 };
}

interface Picture {
  width: number;
  height: number;
  defect: { x: number; y: number } | undefined;
}

export interface TiledModel extends AsyncDisposable {
  model: string;
  /** Folder of the pictures that were learned from. */
  data: string;
  scratch: string;
}

/** Six pictures in a new folder. */
export async function saveSurfaces(folder: string, random: Random): Promise<void> {
  await mkdir(folder);
  for (let i = 0; i < 6; i++) {
    const { data, ...raw } = surface(random);
    await sharp(data, { raw })
      .png()
      .toFile(join(folder, `${i}.png`));
  }
}

/** A model that sees pictures of 128 × 128 in nine tiles of 64 × 64, whose overlaps are cut at 56 and 88. */
export async function tiledModel(): Promise<TiledModel> {
  const scratch = await mkdtemp(join(tmpdir(), "uflow-tiled-"));
  const [data, model] = [join(scratch, "good"), join(scratch, "tiled.uflow")];
  await saveSurfaces(data, new Random(6));
  const options = { inputSize: 64, flowSteps: 2, epochs: 20, batchSize: 4, heldOut: 0.34 } as const;
  // So few pixels tell nothing of the correlations of a hundred channels, so few steps do not average over noise.
  const plain = { normalization: "standard", featureNoise: 0 } as const;
  await train({ ...options, ...plain, data, output: model, tileSize: 64, tileOverlap: 16 });
  return { model, data, scratch, [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }) };
}
