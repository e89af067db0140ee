import type { RawImage } from "../kernels/types.js";
import { Random } from "../random.js";
import { digitised, drawNuisance, exposed } from "./camera.js";
import { lit } from "./light.js";
import { visibleDifference } from "./mask.js";
import { checkPartOptions, type PartOptions } from "./options.js";
import { type ProductName, products } from "./products/index.js";
import { Surface } from "./surface.js";

/** One picture of the generated line, with its truth. */
export interface Part {
  /** RGB, `side` × `side`. */
  image: RawImage & { channels: 3 };
  /** `good` or the kind of the defect. */
  defect: string;
  /** 1 where the defect is visible, else 0: side × side, rows from the top. All 0 on a good part. */
  mask: Uint8Array;
}

/**
 * Makes one picture: the same arguments give the same bytes. Part, pose, light and grain depend on `product`, `seed`
 * and `index` only, so that the same call with `defect: "good"` is the same picture without the defect.
 * @throws UflowError ERR_UFLOW_BAD_OPTION
 */
export function makePart(product: ProductName, options: PartOptions): Part {
  const checked = checkPartOptions(product, options);
  return partOn(new Surface(checked.side), product, checked);
}

/** `makePart()` on a surface that is used again for part after part; `side` is the surface's. */
export function partOn(surface: Surface, product: ProductName, options: Omit<PartOptions, "side">): Part {
  const { seed, index, defect } = options;
  const { side } = surface;
  const name = `${product} ${index}`;
  const nuisance = drawNuisance(Random.stream(seed, `${name} picture`));
  const photograph = (accident?: { kind: string; random: Random }): Float32Array => {
    surface.lay(nuisance.pose);
    products[product].paint(surface, Random.stream(seed, name), accident);
    return exposed(lit(surface, nuisance.lamp), nuisance);
  };
  const good = defect === "good";
  const accident = good ? undefined : { kind: defect, random: Random.stream(seed, `${name} ${defect}`) };
  const levels = photograph(accident);
  const mask = good ? new Uint8Array(side * side) : visibleDifference(photograph(), levels, side);
  const data = digitised(levels, nuisance.grain, Random.stream(seed, `${name} grain`));
  return { image: { data, width: side, height: side, channels: 3 }, defect, mask };
}
