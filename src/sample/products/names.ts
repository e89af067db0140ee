/** The products that the generated line can make. */
export const productNames = ["fabric", "plate", "blister"] as const;
export type ProductName = (typeof productNames)[number];
