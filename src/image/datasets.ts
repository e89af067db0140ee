import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, parse } from "node:path";
import { messageOf, UflowError } from "../error.js";
import { naturalOrder } from "./natural-order.js";

/** Names of files that are taken for images end like this, in any case. */
export const imageExtensions: readonly string[] = [
  ".avif",
  ".gif",
  ".heif",
  ".jfif",
  ".jpeg",
  ".jpg",
  ".png",
  ".tif",
  ".tiff",
  ".webp",
];

/** Whether a file's name is that of an image. Hidden files (".DS_Store", "._part.png") are none. */
export function isImageName(path: string): boolean {
  return !basename(path).startsWith(".") && imageExtensions.includes(extname(path).toLowerCase());
}

/** The images of one product. All paths begin with the folder as it was given; lists are in natural order. */
export interface Dataset {
  /** Good images to learn from. */
  train: string[];
  test: TestImage[];
}

export interface TestImage {
  path: string;
  /** `good`, or the name of the folder: the kind of defect. */
  defect: string;
  /** The ground truth, where there is one; never for good images. */
  mask?: string;
}

const layout =
  "Expected the MVTec-AD layout, train/good/*, test/good/*, test/<defect>/* and ground_truth/<defect>/<name>_mask.png, or a folder with only images of good parts";

/**
 * Lists the images of one product's folder, without opening them. Two layouts are known: that of MVTec-AD, where
 * `train/good` may be missing if there is `test`, and the other way round; or a folder with only images, all of them good.
 * A defective image without a mask is listed without one.
 * @throws UflowError ERR_UFLOW_BAD_DATASET when it is neither, saying what was found.
 */
export async function readDataset(dir: string): Promise<Dataset> {
  const root = await list(dir, dir);
  const split = root.folders.includes("train") || root.folders.includes("test");
  const dataset = split
    ? { train: await readTrain(dir, root), test: await readTest(dir, root) }
    : { train: paths(dir, root.images), test: [] };
  if (dataset.train.length + dataset.test.length === 0)
    throw bad(dir, `it holds no images, but ${found(root)}`);
  return dataset;
}

/** What stands in one folder, names only, in natural order. */
interface Listing {
  images: string[];
  folders: string[];
  others: number;
}

async function readTrain(dir: string, root: Listing): Promise<string[]> {
  if (!root.folders.includes("train")) return [];
  const train = await list(dir, join(dir, "train"));
  if (!train.folders.includes("good")) throw bad(dir, `train/ has no folder "good", but ${found(train)}`);
  const good = join(dir, "train", "good");
  return paths(good, (await list(dir, good)).images);
}

async function readTest(dir: string, root: Listing): Promise<TestImage[]> {
  if (!root.folders.includes("test")) return [];
  const test = await list(dir, join(dir, "test"));
  if (test.images.length > 0) {
    throw bad(dir, `test/ has images outside of test/good and test/<defect>: ${found(test)}`);
  }
  const images: TestImage[] = [];
  for (const defect of test.folders) images.push(...(await readDefect(dir, defect)));
  return images;
}

async function readDefect(dir: string, defect: string): Promise<TestImage[]> {
  const folder = join(dir, "test", defect);
  const { images } = await list(dir, folder);
  const masks =
    defect === "good" ? new Map<string, string>() : await readMasks(join(dir, "ground_truth", defect));
  return images.map((name) => {
    const stem = parse(name).name;
    const mask = masks.get(`${stem}_mask`) ?? masks.get(stem);
    return { path: join(folder, name), defect, ...(mask && { mask }) };
  });
}

/** Paths of the masks of one kind of defect, by name without extension; none when the folder is missing. */
async function readMasks(folder: string): Promise<Map<string, string>> {
  const isFolder = await stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const images = isFolder ? (await list(folder, folder)).images : [];
  return new Map(images.map((name) => [parse(name).name, join(folder, name)]));
}

async function list(dataset: string, folder: string): Promise<Listing> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    throw bad(dataset, folderProblem(folder, error), error);
  });
  const listing: Listing = { images: [], folders: [], others: 0 };
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const isFolder = entry.isSymbolicLink()
      ? await leadsToFolder(join(folder, entry.name))
      : entry.isDirectory();
    if (isFolder) listing.folders.push(entry.name);
    else if (isImageName(entry.name)) listing.images.push(entry.name);
    else listing.others += 1;
  }
  listing.images.sort(naturalOrder);
  listing.folders.sort(naturalOrder);
  return listing;
}

/** A link to nowhere counts as a file: an image that is missing must be named, not passed over. */
function leadsToFolder(link: string): Promise<boolean> {
  return stat(link).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

function folderProblem(folder: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return `${folder} does not exist`;
  if (code === "ENOTDIR") return `${folder} is not a folder`;
  if (code === "EACCES" || code === "EPERM") return `there is no permission to read ${folder}`;
  return messageOf(error);
}

const paths = (folder: string, names: readonly string[]) => names.map((name) => join(folder, name));

function found({ images, folders, others }: Listing): string {
  const shown = folders.slice(0, 5).join(", ");
  const more = folders.length > 5 ? `, … (${folders.length})` : "";
  const parts = [
    ...(folders.length > 0 ? [`the folders ${shown}${more}`] : []),
    ...(images.length > 0 ? [`${images.length} images`] : []),
    ...(others > 0 ? [`${others} other files`] : []),
  ];
  return parts.length > 0 ? `found ${parts.join(", ")}` : "is empty";
}

function bad(dir: string, problem: string, cause?: unknown): UflowError {
  return new UflowError("ERR_UFLOW_BAD_DATASET", `No dataset in ${dir}: ${problem}. ${layout}`, { cause });
}
