/** What can be seen of a result. */
import { scaleRegion } from "../a-contrario/index.js";
import { decodeImage } from "../image/decode.js";
import type { Inspection } from "../inspect/inspection.js";
import { type Region, regions } from "../kernels/index.js";
import { openFrame, openPicture, stretchOver } from "../picture/frame.js";
import { heatLayer } from "../picture/heat.js";
import { renderMask } from "../picture/mask.js";
import { renderOverlay } from "../picture/overlay.js";
import type { RecordedImage } from "../records/record.js";
import type { PictureName } from "./api.js";

/** What is drawn. Maps, which need no drawing, are none of it. */
export type Drawing =
  | { picture: "image.jpg"; image: RecordedImage; side?: number | undefined; maxPixels: number }
  | { picture: "overlay.png"; image: RecordedImage; inspection: Inspection; maxPixels: number }
  | { picture: "mask.png" | "heat.png"; inspection: Inspection };

export type DrawnPicture = Exclude<PictureName, `${string}.npy`>;

/** The bytes of a picture. @throws UflowError ERR_UFLOW_BAD_IMAGE when the image cannot be read. */
export async function draw(drawing: Drawing): Promise<Uint8Array> {
  switch (drawing.picture) {
    case "image.jpg":
      return await drawImage(drawing);
    case "overlay.png": {
      const { image, inspection, maxPixels } = drawing;
      return await renderOverlay({ frame: await decodeImage(image, { maxPixels }), ...inspection });
    }
    case "mask.png": {
      const { mask, image, area } = drawing.inspection;
      return await renderMask(mask, image, area);
    }
    case "heat.png":
      return await drawHeat(drawing.inspection);
  }
}

/** Covers the image: as small as the map where that does, too. */
async function drawHeat({ anomalyMap, area, image }: Inspection): Promise<Uint8Array> {
  const heat = heatLayer(anomalyMap);
  const whole = area.width === image.width && area.height === image.height;
  return await openPicture(whole ? heat : await stretchOver(heat, { area, image }, image))
    .png()
    .toBuffer();
}

async function drawImage({ image, side, maxPixels }: Extract<Drawing, { picture: "image.jpg" }>) {
  const picture = openFrame(await decodeImage(image, { maxPixels }));
  if (side !== undefined) picture.resize(side, side, { fit: "inside", withoutEnlargement: true });
  return await picture.jpeg({ quality: 90 }).toBuffer();
}

/** What is segmented again. */
export interface Resegmentation extends Pick<Inspection, "logNfaMap" | "anomalyMap" | "area"> {
  logEpsilon: number;
}

/** The regions that another ε detects, in pixels of the image, and what that took. */
export function resegment({ logNfaMap, anomalyMap, area, logEpsilon }: Resegmentation): {
  regions: Region[];
  milliseconds: number;
} {
  const start = performance.now();
  const found = regions(logNfaMap, { logEpsilon, score: anomalyMap });
  const scaled = found.map((region) => scaleRegion(region, logNfaMap, area));
  return { regions: scaled, milliseconds: performance.now() - start };
}
