import { join } from "node:path";
import { writeFileAtomic } from "../output/atomic-file.js";
import { encodeNpy } from "../output/npy.js";
import type { Certificate } from "./certificate.js";
import type { Comparable } from "./figures.js";
import { certificatePage } from "./page.js";

/** Names of the files of a report. */
export const certificateFile = "certificate.json";
export const pageFile = "certificate.html";

export type MapKind = "anomaly" | "mask";

/** The map of the image with this number, from 0. */
export const mapFile = (image: number, kind: MapKind) =>
  join("reference", `${String(image + 1).padStart(3, "0")}.${kind}.npy`);

/** The reference way's maps of one image as they are written and summed. */
export function mapBytes({ anomalyMap, mask }: Comparable): Record<MapKind, Uint8Array> {
  return { anomaly: encodeNpy(anomalyMap), mask: encodeNpy(mask) };
}

/**
 * Writes the maps, the page, and the certificate last: where it stands, everything does.
 * @throws UflowError ERR_UFLOW_OUTPUT.
 */
export async function writeReport(
  folder: string,
  certificate: Certificate,
  reference: readonly Comparable[],
): Promise<void> {
  const write = (name: string, content: Uint8Array) => writeFileAtomic(join(folder, name), content);
  for (const [i, image] of reference.entries()) {
    const { anomaly, mask } = mapBytes(image);
    await write(mapFile(i, "anomaly"), anomaly);
    await write(mapFile(i, "mask"), mask);
  }
  await write(pageFile, Buffer.from(certificatePage(certificate)));
  await write(certificateFile, Buffer.from(`${JSON.stringify(certificate, null, 2)}\n`));
}
