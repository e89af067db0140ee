import { basename, join, resolve } from "node:path";
import { goodKind, type Layout } from "./dataset.js";
import { badDataset } from "./folder.js";
import { type Row, readTable } from "./table.js";

/** VisA as it is published: the split stands in a table beside the products, and masks are images of labels. */
export const visa: Layout = {
  expects: "the VisA layout, Data/Images/{Normal,Anomaly}/*, with ../split_csv/1cls.csv",
  matches: ({ folders }) => folders.includes("Data"),
  read: async ({ path }) => {
    const root = join(path, "..");
    const list = join(root, "split_csv", "1cls.csv");
    const product = basename(resolve(path));
    const rows = await readTable(list, ["object", "split", "label", "image", "mask"]);
    const own = rows.filter(({ object }) => object === product);
    if (own.length === 0) throw badDataset(path, `${list} lists nothing for "${product}"`);
    return {
      train: own.filter(({ split }) => split === "train").map(({ image }) => join(root, image)),
      test: own.filter(({ split }) => split === "test").map((row) => testImage(root, row)),
    };
  },
};

function testImage(root: string, { image, label, mask }: Row<"image" | "label" | "mask">) {
  const defect = label === "normal" ? goodKind : label;
  return { path: join(root, image), defect, ...(mask !== "" && { mask: { labels: join(root, mask) } }) };
}
