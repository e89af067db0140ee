import type { Product } from "../product.js";
import { blister } from "./blister/index.js";
import { fabric } from "./fabric/index.js";
import { plate } from "./plate/index.js";

/** The products that the generated line can make. */
export const productNames = ["fabric", "plate", "blister"] as const;
export type ProductName = (typeof productNames)[number];

export const products: Readonly<Record<ProductName, Product>> = { fabric, plate, blister };

/** What can be wrong with each product. */
export const defectKinds: Readonly<Record<ProductName, readonly string[]>> = {
  fabric: fabric.kinds,
  plate: plate.kinds,
  blister: blister.kinds,
};
