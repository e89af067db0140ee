import type { Map2d } from "../kernels/index.js";
import { colourOf } from "./colour-map.js";
import type { Layer } from "./frame.js";

/**
 * What a latent that follows the model exactly gives on average: its mean square is 1, and 1 − exp(−½) ≈ 0.39. The
 * colours begin here, not at 0, and they are the same for every picture: a good part stays dark.
 */
const chance = 1 - Math.exp(-0.5);

/** Over a photograph the heat begins to show here … */
const faint = 0.55;
/** … and is as strong as it gets here. */
const strong = 0.85;
/** The defect itself stays visible through the strongest heat. */
const highestOpacity = 0.58;

const heat = (value: number) => (value - chance) / (1 - chance);

/** The anomaly map (0 … 1) in colours. */
export function heatPicture({ data, width, height }: Map2d): Layer {
  const pixels = new Uint8Array(data.length * 3);
  data.forEach((value, i) => {
    pixels.set(colourOf(heat(value)), i * 3);
  });
  return { data: pixels, width, height, channels: 3 };
}

/** The anomaly map in colours to be laid over a photograph: transparent where nothing is unusual. */
export function heatLayer({ data, width, height }: Map2d): Layer {
  const pixels = new Uint8Array(data.length * 4);
  data.forEach((value, i) => {
    pixels.set(colourOf(heat(value)), i * 4);
    pixels[i * 4 + 3] = Math.round(255 * highestOpacity * smoothStep((value - faint) / (strong - faint)));
  });
  return { data: pixels, width, height, channels: 4 };
}

/** 0 … 1 without a corner at either end. */
function smoothStep(value: number): number {
  const t = Math.min(1, Math.max(0, value));
  return t * t * (3 - 2 * t);
}
