import { type Command, InvalidArgumentError } from "commander";
import type { IgnoreOptions } from "../areas/ignore.js";
import type { Area } from "../image/area.js";

/** "x,y,width,height" as an area; what it is worth is checked with all other options. */
export function area(text: string): Area {
  const [x, y, width, height, ...more] = text.split(",").map(Number);
  return { x: x!, y: y!, width: width!, height: more.length > 0 ? Number.NaN : height! };
}

/** The same, or "none". */
export const areaOrNone = (text: string): Area | null => (text === "none" ? null : area(text));

/** What looks like no path: numbers, with commas and blanks between them. */
const polygonText = /^\s*-?[\d.]+,-?[\d.]+(\s+-?[\d.]+,-?[\d.]+)*\s*$/;

/** A polygon, "x,y x,y x,y", or the path of a mask, beside those of the flags before. */
export function ignored(text: string, before: IgnoreOptions = {}): IgnoreOptions {
  const { polygons = [], mask } = before;
  if (!polygonText.test(text)) {
    if (mask !== undefined) throw new InvalidArgumentError("One mask is enough.");
    return { ...before, mask: text };
  }
  const points = text
    .trim()
    .split(/\s+/)
    .map((point) => point.split(",").map(Number) as [number, number]);
  return { ...before, polygons: [...polygons, points] };
}

/** The same, or "none". */
export const ignoredOrNone = (text: string, before?: IgnoreOptions | null): IgnoreOptions | null =>
  text === "none" ? null : ignored(text, before ?? {});

/** The options that say what of the images is looked at, in place of what the model says: the same for every command that has a model. */
export function withOtherAreas(command: Command): Command {
  return command
    .option(
      "--region <x,y,width,height>",
      "the only part of images to look at, pixels, or none for all of them (default: the model's)",
      areaOrNone,
    )
    .option(
      "--ignore <what>",
      'where nothing is reported: a mask (an image, white is ignored), or a polygon, "x,y x,y x,y"; repeatable; or none (default: the model\'s)',
      ignoredOrNone,
    );
}
