import { dirname, join, parse, resolve, sep } from "node:path";
import type { RawImage } from "../image/decode.js";
import type { Inspection } from "../inspect/index.js";
import { checkWritable, writeFileAtomic } from "../output/atomic-file.js";
import { encodeNpy } from "../output/npy.js";
import { renderMask } from "../picture/mask.js";
import { renderOverlay } from "../picture/overlay.js";

/**
 * Where the pictures of images go: `<out>/<name>` without extension. The folders of the images below the one that all
 * have in common are kept, so that images of the same name do not overwrite one another; where names in one folder
 * differ by the extension only, or by capitals, it is kept too. The image on stdin, "-", is called "stdin".
 */
export function outputNames(out: string, images: readonly string[]): string[] {
  const folders = images.map((image) => (image === "-" ? undefined : dirname(resolve(image)).split(sep)));
  const common = commonStart(folders.filter((folder) => folder !== undefined));
  const places = images.map((image, i) => {
    const below = folders[i]?.slice(common).map((part) => part.replace(":", "")) ?? [];
    const { name, base } = image === "-" ? { name: "stdin", base: "stdin" } : parse(image);
    return { short: join(out, ...below, name), long: join(out, ...below, base) };
  });
  // Beside "a.png" and "a.jpg", which are told apart by their extensions, "a.png.tif" cannot be called "a.png".
  const uses = new Map<string, number>();
  for (const { short, long } of places) {
    for (const name of new Set([short, long].map(key))) uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return places.map(({ short, long }) => (uses.get(key(short)) === 1 ? short : long));
}

/** Windows and macOS take names that differ by capitals for the same. */
const key = (name: string) => name.toLowerCase();

/** How many parts all paths have in common at their beginning. */
function commonStart(paths: readonly (readonly string[])[]): number {
  const [first = [], ...others] = paths;
  const end = first.findIndex((part, i) => others.some((path) => path[i] !== part));
  return end === -1 ? first.length : end;
}

/** Makes sure that pictures can be written, the one with the longest name of each folder. @throws UflowError ERR_UFLOW_OUTPUT. */
export async function checkOutputs(outputs: readonly string[]): Promise<void> {
  const longest = [...outputs].sort((a, b) => Buffer.byteLength(a) - Buffer.byteLength(b));
  const byFolder = new Map(longest.map((output) => [dirname(output), output]));
  for (const output of byFolder.values()) await checkWritable(`${output}.overlay.png`);
}

/** Writes the pictures of one inspection, and its maps if wanted. @throws UflowError ERR_UFLOW_OUTPUT. */
export async function writePictures(
  output: string,
  frame: RawImage,
  inspection: Inspection,
  raw: boolean,
): Promise<void> {
  const { mask, image, area, anomalyMap, logNfaMap } = inspection;
  await writeFileAtomic(`${output}.overlay.png`, await renderOverlay({ frame, ...inspection }));
  await writeFileAtomic(`${output}.mask.png`, await renderMask(mask, image, area));
  if (!raw) return;
  await writeFileAtomic(`${output}.anomaly.npy`, encodeNpy(anomalyMap));
  await writeFileAtomic(`${output}.lognfa.npy`, encodeNpy(logNfaMap));
}
