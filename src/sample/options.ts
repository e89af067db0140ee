import { z } from "zod";
import { parseOptions } from "../options.js";
import { defectKinds, type ProductName, productNames } from "./products/index.js";

/** Options of `makePart()`. */
export interface PartOptions {
  /** Side of the square picture, pixels, 64 … 1024. Time grows with its square. */
  side: number;
  /** The line: another seed makes other parts. */
  seed: number;
  /** Which part of the line, from 0. */
  index: number;
  /** `good` or one of the product's kinds of defect. */
  defect: string;
}

/** Options of `writeLine()`. */
export interface LineOptions {
  /** Side of the square pictures, pixels, 64 … 1024. Default 256. */
  side?: number;
  /** Good parts to learn from. Default 40. */
  train?: number;
  /** Good parts to test with. Default 8. */
  good?: number;
  /** Defective parts of each kind. Default 3. */
  perDefect?: number;
  /** Another seed makes other parts. Default 0. */
  seed?: number;
  /** Stops the writing; what has been written stays. */
  signal?: AbortSignal;
  /** Called after every part. */
  onProgress?: (done: number, total: number) => void;
}

const side = z.int().min(64).max(1024);
const seed = z.int().min(0).max(0xffffffff);
const product = z.enum(productNames);

const lineSchema = z.strictObject({
  product,
  side: side.default(256),
  train: z.int().min(1).max(100_000).default(40),
  good: z.int().min(0).max(100_000).default(8),
  perDefect: z.int().min(0).max(100_000).default(3),
  seed: seed.default(0),
  signal: z.instanceof(AbortSignal).optional(),
  onProgress: z.custom<LineOptions["onProgress"]>((value) => typeof value === "function").optional(),
});

export type CheckedLineOptions = z.infer<typeof lineSchema>;

export function checkLineOptions(product: ProductName, options: LineOptions): CheckedLineOptions {
  return parseOptions("writeLine", lineSchema, { product, ...options });
}

const partSchemas = Object.fromEntries(
  productNames.map((name) => [
    name,
    z.strictObject({
      product,
      side,
      seed,
      index: z.int().min(0).max(0xffffffff),
      defect: z.enum(["good", ...defectKinds[name]]),
    }),
  ]),
);

export function checkPartOptions(product: ProductName, options: PartOptions): PartOptions {
  // A product that does not exist has no schema; any other's will say so.
  const schema = Object.hasOwn(partSchemas, product) ? partSchemas[product]! : partSchemas[productNames[0]]!;
  return parseOptions("makePart", schema, { product, ...options });
}
