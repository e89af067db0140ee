export { type Line, writeLine } from "./line.js";
export type { LineOptions, PartOptions } from "./options.js";
export { makePart, type Part } from "./part.js";
export { defectKinds, type ProductName, productNames } from "./products/index.js";
