import { UflowError } from "../error.js";
import type { Area } from "../image/area.js";
import { decodeImage, type ImageSource } from "../image/decode.js";
import type { Map2d, RawImage, Region } from "../kernels/index.js";
import { drawContours } from "./contour.js";
import {
  drawing,
  type Layer,
  openFrame,
  openLayer,
  openPicture,
  reducedSize,
  type Size,
  stretchOver,
} from "./frame.js";
import { heatLayer } from "./heat.js";
import { capHeight, drawText, textWidth } from "./text.js";
import { theme } from "./theme.js";
import { logNfaText, regionsText, verdictOf } from "./verdict.js";

/** What an overlay shows: an inspection and the image that was inspected. */
export interface OverlaySource {
  /** The original image, after its EXIF rotation. */
  frame: RawImage;
  /** 0 … 1, of any size; it covers `area`. */
  anomalyMap: Map2d;
  /** The part of the image that was looked at, pixels. Default: all of it. */
  area?: Area | undefined;
  /** In pixels of the original image. */
  regions: readonly Region[];
  anomalous: boolean;
  logNfa: number;
}

/** Larger originals are reduced to this side, pixels. */
const longestSide = 4096;

/**
 * A picture of an inspection as PNG: the original image, the heat of the anomaly map over it where that is high, the
 * contours of the detected regions, and below the image a bar with the verdict. Width and upper left corner are the
 * original's, so that positions can be read off (longest side at most 4096 pixels).
 */
export async function renderOverlay(source: OverlaySource): Promise<Buffer> {
  const size = reducedSize(source.frame, longestSide);
  const bar = { width: size.width, height: barHeight(size.width) };
  return openPicture(await paintOverlay(source, size))
    .extend({ bottom: bar.height, background: theme.background })
    .composite([drawing(caption(source, bar), bar, 0, size.height)])
    .removeAlpha()
    .png()
    .toBuffer();
}

/** What `drawOverlay()` needs of an inspection. */
export interface Overlaid extends Omit<OverlaySource, "frame"> {
  /** Size of the image that was inspected. */
  image: Size;
}

/**
 * `renderOverlay()` for an image as it was given to `inspect()`; it is decoded once more. Takes tens of milliseconds, none
 * of them on the event loop.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when it cannot be read any more, or is not of the size that was inspected.
 */
export async function drawOverlay(image: ImageSource, inspection: Overlaid): Promise<Buffer> {
  const { width, height } = inspection.image;
  const frame = await decodeImage(image, { maxPixels: width * height });
  if (frame.width === width && frame.height === height) return renderOverlay({ ...inspection, frame });
  throw new UflowError(
    "ERR_UFLOW_BAD_IMAGE",
    `Expected the image that was inspected, ${width} × ${height} pixels, but received one of ${frame.width} × ${frame.height}`,
  );
}

/** The image with heat and contours, without the bar, stretched to this size. */
export async function paintOverlay(
  { frame, anomalyMap, area, regions }: OverlaySource,
  size: Size,
): Promise<Layer> {
  const heat = await stretchOver(heatLayer(anomalyMap), { area, image: frame }, size);
  const contours = drawContours(regions, {
    scale: { x: size.width / frame.width, y: size.height / frame.height },
    width: Math.max(1.2, Math.min(size.width, size.height) / 260),
  });
  const data = await openFrame(frame)
    .resize(size.width, size.height, { fit: "fill" })
    .composite([openLayer(heat), drawing(contours, size)])
    .removeAlpha()
    .raw()
    .toBuffer();
  return { data, ...size, channels: 3 };
}

const barHeight = (width: number) => Math.round(Math.min(72, Math.max(24, width * 0.035)));

/** Narrow pictures lose details first, then words; the colour stays. */
function caption({ anomalous, logNfa, regions }: OverlaySource, bar: Size): string {
  const { title, colour } = verdictOf(anomalous);
  const size = Math.round(bar.height * 0.46);
  const padding = Math.round(bar.height * 0.45);
  const baseline = (bar.height + capHeight * size) / 2;
  const mark = Math.max(3, Math.round(bar.height * 0.14));
  const room = bar.width - mark - textWidth(title, { size, weight: "bold" }) - 2 * padding;
  const details = anomalous ? [`${logNfaText(logNfa)}  ·  ${regionsText(regions.length)}`] : [];
  const shown =
    [...details, logNfaText(logNfa)].find((text) => textWidth(text, { size }) <= room - padding) ?? "";
  const words = [
    drawText(title, mark + padding, baseline, { size, weight: "bold", fill: colour }),
    drawText(shown, bar.width - padding, baseline, { size, fill: theme.text, anchor: "end" }),
  ];
  const flag = `<rect width="${room < 0 ? bar.width : mark}" height="${bar.height}" fill="${colour}"/>`;
  return room < 0 ? flag : flag + words.join("");
}
