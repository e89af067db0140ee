import { btad } from "./btad.js";
import type { Layout, LayoutName } from "./dataset.js";
import type { Folder } from "./folder.js";
import { images } from "./images.js";
import { kolektor } from "./kolektor.js";
import { kolektor2 } from "./kolektor2.js";
import { lggMri } from "./lgg-mri.js";
import { magneticTile } from "./magnetic-tile.js";
import { mvtec } from "./mvtec.js";
import { mvtecLoco } from "./mvtec-loco.js";
import { shanghaitech } from "./shanghaitech.js";
import { visa } from "./visa.js";

/** Every layout of a folder. */
export type FolderLayoutName = Exclude<LayoutName, "csv">;

/** In the order in which they are tried: what is more particular first. */
export const layouts: Record<FolderLayoutName, Layout> = {
  "mvtec-loco": mvtecLoco,
  btad,
  kolektor2,
  mvtec,
  visa,
  kolektor,
  "magnetic-tile": magneticTile,
  "lgg-mri": lggMri,
  shanghaitech,
  images,
};

/** The first layout that a folder looks like. */
export async function detectLayout(folder: Folder): Promise<FolderLayoutName | undefined> {
  for (const [name, layout] of Object.entries(layouts)) {
    if (await layout.matches(folder)) return name as FolderLayoutName;
  }
  return undefined;
}
