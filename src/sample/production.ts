import { join } from "node:path";
import type { CheckedLineOptions } from "./options.js";
import { defectKinds } from "./products/index.js";

/** One picture to make: which part of the line it shows, and where it goes. */
export interface Order {
  index: number;
  defect: string;
  image: string;
  /** Where the mask goes; none for a good part. */
  mask: string | undefined;
}

/** Every picture of a line, in MVTec-AD layout under `folder`. No part appears twice. */
export function production(folder: string, { product, train, good, perDefect }: CheckedLineOptions): Order[] {
  const batch = (where: string, defect: string, count: number) =>
    Array.from({ length: count }, (_, i) => {
      const name = String(i).padStart(3, "0");
      const image = join(folder, where, defect, `${name}.png`);
      const mask = defect === "good" ? undefined : join(folder, "ground_truth", defect, `${name}_mask.png`);
      return { defect, image, mask };
    });
  const defective = defectKinds[product].flatMap((kind) => batch("test", kind, perDefect));
  const all = [...batch("train", "good", train), ...batch("test", "good", good), ...defective];
  return all.map((order, index) => ({ index, ...order }));
}
