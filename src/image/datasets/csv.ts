import { dirname, isAbsolute, join, resolve } from "node:path";
import { type Dataset, goodKind, type TestImage } from "./dataset.js";
import { badDataset, isGoodMiswritten, miswritten } from "./folder.js";
import { type Row, readTable } from "./table.js";

export const csvExpects =
  "a CSV file with the columns image, split (train, validation or test), label (good or the kind of defect) and mask";

const splits = ["train", "validation", "test"];
type Line = Row<"image" | "split" | "label" | "mask">;

/**
 * A list of images, in its own order. Paths are taken from the folder of the list; they may leave it, and may be absolute:
 * whoever can write the list can name any file, and images are only read. Files are not looked for here.
 * @throws UflowError ERR_UFLOW_BAD_DATASET that names the first line that is wrong.
 */
export async function readCsv(path: string): Promise<Omit<Dataset, "layout">> {
  const lines = await readTable(path, ["image", "split", "label", "mask"]);
  if (lines.length === 0) throw badDataset(path, `it lists no images. Expected ${csvExpects}`);
  const seen = new Map<string, number>();
  for (const line of lines) checkLine(path, line, seen);
  const imagesOf = (split: string) => lines.filter((line) => line.split === split);
  const paths = (split: string) => imagesOf(split).map(({ image }) => placeOf(path, image));
  return {
    train: paths("train"),
    ...(imagesOf("validation").length > 0 && { validation: paths("validation") }),
    test: imagesOf("test").map((line) => testImage(path, line)),
  };
}

function checkLine(path: string, { line, image, split, label, mask }: Line, seen: Map<string, number>): void {
  const bad = (problem: string) => badDataset(path, `line ${line}: ${problem}`);
  if (image === "") throw bad("there is no image");
  if (`${image}${mask}`.includes("\0")) throw bad("a path with a zero byte is none");
  if (!splits.includes(split)) throw bad(`split must be ${splits.join(", ")}, but is "${split}"`);
  if (label === "") throw bad(`label must be ${goodKind} or the kind of defect, but is empty`);
  if (isGoodMiswritten(label, goodKind)) throw bad(miswritten(label, goodKind));
  if (split !== "test" && label !== goodKind) {
    throw bad(`only good images can be learned from, but "${image}" is labelled "${label}"`);
  }
  if (label === goodKind && mask !== "") throw bad(`a good image has no mask, but "${image}" has "${mask}"`);
  const place = resolve(placeOf(path, image));
  const earlier = seen.get(place);
  if (earlier !== undefined) throw bad(`"${image}" is listed on line ${earlier} already`);
  seen.set(place, line);
}

function testImage(path: string, { image, label, mask }: Line): TestImage {
  return { path: placeOf(path, image), defect: label, ...(mask !== "" && { mask: placeOf(path, mask) }) };
}

const placeOf = (list: string, path: string) => (isAbsolute(path) ? path : join(dirname(list), path));
