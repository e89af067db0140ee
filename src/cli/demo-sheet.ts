import { basename } from "node:path";
import { readDataset, type TestImage } from "../image/datasets/index.js";
import { decodeImage } from "../image/decode.js";
import { readMask } from "../image/mask.js";
import { Inspector } from "../inspect/index.js";
import { renderContactSheet, type SheetPart } from "../picture/contact-sheet.js";

interface Shown {
  product: string;
  model: string;
  /** Folder of the product. */
  data: string;
}

/** One picture of the whole demo: of every product a good part and one of each kind of defect. */
export async function drawDemoSheet(products: readonly Shown[]): Promise<Buffer> {
  const sections = await Promise.all(
    products.map(async (shown) => {
      const { train, test } = await readDataset(shown.data);
      const note = `learned from ${train.length} good parts`;
      return { title: shown.product, note, parts: parts(shown.model, oneOfEach(test)) };
    }),
  );
  return renderContactSheet(sections, {
    title: "U-Flow on a generated production line",
    subtitle:
      "Learned from good parts only; detected where fewer than one such region per image is expected by chance",
    columns: 2,
    groundTruth: true,
  });
}

function oneOfEach(test: readonly TestImage[]): TestImage[] {
  const kinds = new Set(["good", ...test.map(({ defect }) => defect)]);
  return [...kinds].map((kind) => test.find(({ defect }) => defect === kind)!);
}

async function* parts(model: string, images: readonly TestImage[]): AsyncGenerator<SheetPart> {
  await using inspector = await Inspector.open(model);
  for (const { path, defect, mask } of images) {
    const frame = await decodeImage(path);
    const inspection = await inspector.inspect(frame);
    const truth = mask && (await readMask(mask, inspection.anomalyMap, inspection));
    const caption = defect === "good" ? `good ${basename(path)}` : defect;
    yield { ...inspection, frame, caption, defective: defect !== "good", ...(truth && { truth }) };
  }
}
