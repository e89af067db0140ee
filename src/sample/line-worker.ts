/**
 * A thread of `writeLine()`: draws its share of the pictures and writes them. It reports every part, stops after the
 * part at hand when it is sent anything, and ends when it is done.
 */
import { parentPort, workerData } from "node:worker_threads";
import sharp from "sharp";
import { type PlainError, toPlainError } from "../error.js";
import { yieldToEventLoop } from "../niceness.js";
import { writeFileAtomic } from "../output/atomic-file.js";
import { type Part, partOn } from "./part.js";
import type { Order } from "./production.js";
import type { ProductName } from "./products/index.js";
import { Surface } from "./surface.js";

/** What the thread is given. */
export interface LineTask {
  product: ProductName;
  side: number;
  seed: number;
  orders: readonly Order[];
}

export type LineMessage = { kind: "part" } | { kind: "error"; error: PlainError };

/** Pictures that may wait to be compressed and written while others are drawn. */
const ahead = 3;

async function produce(
  { product, side, seed, orders }: LineTask,
  report: (message: LineMessage) => void,
): Promise<void> {
  let stopped = false;
  parentPort!.once("message", () => {
    stopped = true;
  });
  const surface = new Surface(side);
  const writing: Promise<void>[] = [];
  for (const order of orders) {
    const part = partOn(surface, product, { seed, index: order.index, defect: order.defect });
    writing.push(settled(writePart(part, order).then(() => report({ kind: "part" }))));
    if (writing.length > ahead) await writing.shift();
    if (stopped) break;
  }
  await Promise.all(writing);
}

/** The promise itself; its failure is reported by whoever awaits it, later. */
function settled(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}

async function writePart({ image, mask }: Part, to: Order): Promise<void> {
  await writePng(to.image, image.data, image.width, 3);
  if (!to.mask) return;
  const white = mask.map((inside) => 255 * inside);
  await writePng(to.mask, white, image.width, 1);
}

async function writePng(path: string, data: Uint8Array, side: number, channels: 1 | 3): Promise<void> {
  const picture = sharp(data, { raw: { width: side, height: side, channels } });
  const space = channels === 1 ? picture.toColourspace("b-w") : picture;
  await writeFileAtomic(path, await space.png().toBuffer());
}

yieldToEventLoop();
const report = (message: LineMessage) => parentPort!.postMessage(message);
produce(workerData as LineTask, report)
  .catch((error) => report({ kind: "error", error: toPlainError(error, "ERR_UFLOW_LANE") }))
  .finally(() => parentPort!.close());
