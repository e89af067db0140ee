import { join, parse } from "node:path";
import { goodKind, type Layout, type TestImage } from "./dataset.js";
import { type Folder, imagesOf, listInside } from "./folder.js";
import { groupsSetApart } from "./set-apart.js";

const free = "MT_Free";

/**
 * Magnetic tiles: a folder per kind of defect and one without, images as JPEG and their masks as PNG beside them. No split
 * is published: every fifth good tile is set apart, with all photographs of its number, and all defective ones are tested.
 * Names need not tell all exposures of a tile: of the 200 good ones that were at hand no two share a number, though some
 * look the same.
 */
export const magneticTile: Layout = {
  expects: "the magnetic-tile layout, MT_Free/Imgs/*.jpg and MT_<Defect>/Imgs/*.jpg with *.png as masks",
  matches: ({ folders }) => folders.includes(free),
  read: async (root) => {
    const folder = await listInside(root, free, "Imgs");
    const good = photosOf(folder);
    const apart = groupsSetApart(good.map(tileOf));
    const isApart = (path: string) => apart.has(tileOf(path));
    const test: TestImage[] = good.filter(isApart).map((path) => ({ path, defect: goodKind }));
    for (const kind of root.folders.filter((name) => name.startsWith("MT_") && name !== free)) {
      test.push(...defective(await listInside(root, kind, "Imgs"), kind.slice(3).toLowerCase()));
    }
    const others = blackMasks(folder, good);
    return { train: good.filter((path) => !isApart(path)), test, others };
  },
};

/** exp1_num_4727.jpg and exp3_num_4727.jpg are taken for one tile. */
const tileOf = (path: string) => /num_(\d+)/.exec(path)?.[1] ?? parse(path).name;

/** Good photographs have masks, too. */
function blackMasks({ path, images }: Folder, good: readonly string[]): string[] {
  const stems = new Set(good.map((photo) => parse(photo).name));
  return imagesOf({
    path,
    images: images.filter((name) => /\.png$/i.test(name) && stems.has(parse(name).name)),
  });
}

const photosOf = ({ path, images }: Folder) =>
  images.filter((name) => /\.jpe?g$/i.test(name)).map((name) => join(path, name));

function defective(folder: Folder, defect: string): TestImage[] {
  const names = new Set(folder.images);
  return photosOf(folder).map((path) => {
    const mask = `${parse(path).name}.png`;
    return { path, defect, ...(names.has(mask) && { mask: join(folder.path, mask) }) };
  });
}
