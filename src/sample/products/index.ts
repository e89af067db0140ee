import type { Product } from "../product.js";
import { blister } from "./blister/index.js";
import { fabric } from "./fabric/index.js";
import type { ProductName } from "./names.js";
import { plate } from "./plate/index.js";

export { type ProductName, productNames } from "./names.js";

export const products: Readonly<Record<ProductName, Product>> = { fabric, plate, blister };

/** What can be wrong with each product. */
export const defectKinds: Readonly<Record<ProductName, readonly string[]>> = {
  fabric: fabric.kinds,
  plate: plate.kinds,
  blister: blister.kinds,
};
