import type { Manifest } from "../bundle/manifest.js";
import type { UflowError } from "../error.js";
import { median } from "../evaluate/summary.js";
import type { Comparable } from "./figures.js";
import type { TestImage } from "./images.js";
import { RunningWay } from "./running-way.js";
import type { Opened } from "./way-process.js";
import type { Way } from "./ways.js";

/** The latents of so many images are compared: they are large, and that they differ shows on the first ones. */
const latentImages = 2;

/** What a way makes of all images. */
export interface Run extends Opened {
  inspected: Comparable[];
  /** Median per image. */
  milliseconds: number;
}

/**
 * Inspects all images in one way, one after the other.
 * @throws UflowError: what opening it throws, and ERR_UFLOW_NETWORK or ERR_UFLOW_LANE when it breaks down.
 */
export async function runWay(
  way: Way,
  model: string,
  images: readonly TestImage[],
  onImage: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Run> {
  const [running, opened] = await RunningWay.open(way, model, signal);
  try {
    const inspected: Comparable[] = [];
    const times: number[] = [];
    for (const { name, load } of images) {
      const latents = inspected.length < latentImages;
      const { milliseconds, ...result } = await running.inspect(await load(), { latents });
      inspected.push({ name, ...result });
      times.push(milliseconds);
      onImage(inspected.length);
    }
    return { ...opened, inspected, milliseconds: median(times) };
  } finally {
    await running.close();
  }
}

/**
 * What a machine or a model may lack without being wrong: a device, vector instructions that the processor has not, float16
 * where the weights stay in a file.
 */
export function isUnavailable(
  { instructionSet, precision }: Way,
  { code }: UflowError,
  { weights }: Pick<Manifest["backbone"], "weights">,
): boolean {
  if (code === "ERR_UFLOW_DEVICE") return true;
  if (precision === "float16" && weights !== undefined) return code === "ERR_UFLOW_NETWORK";
  return instructionSet !== undefined && code === "ERR_UFLOW_BAD_OPTION";
}
