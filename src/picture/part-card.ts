import type { OverlayOptions } from "sharp";
import {
  assemble,
  containedSize,
  drawing,
  type Layer,
  openFrame,
  openLayer,
  type Size,
  stretchOver,
} from "./frame.js";
import { heatPicture } from "./heat.js";
import { maskPicture } from "./mask.js";
import { type OverlaySource, paintOverlay } from "./overlay.js";
import { drawText, fitText, textWidth } from "./text.js";
import { theme } from "./theme.js";
import { logNfaText, verdictOf } from "./verdict.js";

/** One part on a contact sheet. */
export interface SheetPart extends OverlaySource {
  /** Below the pictures: which part this is. When it is too long its end is shown. */
  caption: string;
  /** What the part really is; a verdict that says otherwise is marked. */
  defective?: boolean;
  /** Where the part is defective, 1 per pixel, of any size; it covers `area`. */
  truth?: { data: Uint8Array; width: number; height: number };
}

/** What a card shows, side by side. */
export type Panel = "part" | "ground truth" | "anomaly map" | "detection";

/** Pixels. */
const padding = 12;
const gap = 6;
const captionHeight = 34;
const fontSize = 14;

/** The size of a card with these panels. */
export function cardSize(panels: readonly Panel[], panel: Size): Size {
  return {
    width: 2 * padding + panels.length * panel.width + (panels.length - 1) * gap,
    height: padding + panel.height + captionHeight,
  };
}

/** Where panel number `index` begins, from the left edge of the card. */
export const panelLeft = (index: number, panel: Size) => padding + index * (panel.width + gap);

/** Pictures of one part side by side, its name and the verdict below. */
export async function renderCard(part: SheetPart, panels: readonly Panel[], panel: Size): Promise<Layer> {
  const size = cardSize(panels, panel);
  const fitted = containedSize(part.frame, panel);
  const margin = {
    left: Math.floor((panel.width - fitted.width) / 2),
    top: Math.floor((panel.height - fitted.height) / 2),
  };
  const pictures: OverlayOptions[] = [];
  let drawn = `<rect width="${size.width}" height="${size.height}" rx="8" fill="${theme.card}"/>`;
  for (const [index, name] of panels.entries()) {
    const picture = await paint[name](part, fitted);
    const left = panelLeft(index, panel);
    if (picture) pictures.push(openLayer(picture, left + margin.left, padding + margin.top));
    else drawn += drawText("no mask", left + panel.width / 2, padding + panel.height / 2, absent);
  }
  return assemble(size, theme.background, [drawing(drawn + words(part, size), size), ...pictures]);
}

const absent = { size: 12, fill: theme.muted, anchor: "middle" } as const;

/** Nothing where there is no ground truth. */
const paint: Record<Panel, (part: SheetPart, size: Size) => Promise<Layer | undefined>> = {
  part: async ({ frame }, size) => {
    const data = await openFrame(frame).resize(size.width, size.height, { fit: "fill" }).raw().toBuffer();
    return { data, ...size, channels: 3 };
  },
  "ground truth": async ({ truth, frame, area }, size) =>
    truth && stretchOver(maskPicture(truth), { area, image: frame }, size),
  "anomaly map": ({ anomalyMap, frame, area }, size) =>
    stretchOver(heatPicture(anomalyMap), { area, image: frame }, size),
  detection: paintOverlay,
};

function words({ caption, anomalous, defective, logNfa }: SheetPart, { width, height }: Size): string {
  const { title, colour } = verdictOf(anomalous, defective);
  const baseline = height - 12;
  const right = width - padding;
  const number = logNfaText(logNfa);
  const numberWidth = textWidth(number, { size: fontSize });
  const titleWidth = textWidth(title, { size: fontSize, weight: "bold" });
  const room = right - padding - numberWidth - titleWidth - 3 * gap - 12;
  return [
    drawText(fitText(caption, room, { size: fontSize }), padding, baseline, {
      size: fontSize,
      fill: theme.text,
    }),
    drawText(title, right - numberWidth - 2 * gap, baseline, {
      size: fontSize,
      fill: colour,
      weight: "bold",
      anchor: "end",
    }),
    drawText(number, right, baseline, { size: fontSize, fill: theme.muted, anchor: "end" }),
  ].join("");
}
