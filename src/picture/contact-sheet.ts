import sharp from "sharp";
import { assemble, drawing, type Layer, openLayer, type Size } from "./frame.js";
import { cardSize, type Panel, panelLeft, renderCard, type SheetPart } from "./part-card.js";
import { drawText, fitText, textWidth } from "./text.js";
import { theme } from "./theme.js";

export type { SheetPart } from "./part-card.js";

/** Parts that belong together: a product, a kind of defect. */
export interface SheetSection {
  title: string;
  /** A few words at the right end of the title's line. */
  note?: string;
  /** Drawn one after the other, so that a generator that decodes images as it goes needs memory for one at a time. */
  parts: Iterable<SheetPart> | AsyncIterable<SheetPart>;
}

export interface ContactSheetOptions {
  title: string;
  /** A line below the title. */
  subtitle?: string;
  /** Parts side by side. Default 2. */
  columns?: number;
  /** A panel with the ground truth in each card. Default false. */
  groundTruth?: boolean;
  /** Width of one panel, 64 … 1024 pixels. Default 200. */
  panelWidth?: number;
}

/** Pixels. */
const margin = 40;
const gap = 20;

interface Layout {
  width: number;
  columns: number;
  panels: readonly Panel[];
  panelWidth: number;
}

/**
 * A PNG with many inspections at a glance: for each part its image, the ground truth if wanted, the anomaly map and
 * the detection, its name and the verdict; grouped in sections. About 250 pixels of height per row of parts.
 */
export async function renderContactSheet(
  sections: Iterable<SheetSection>,
  options: ContactSheetOptions,
): Promise<Buffer> {
  const layout = layoutOf(options);
  const strips = [await header(options, layout)];
  for (const section of sections) {
    for await (const strip of sectionStrips(section, layout)) strips.push(strip);
  }
  strips.push(await assemble({ width: layout.width, height: margin - gap }, theme.background, []));
  const height = strips.reduce((sum, strip) => sum + strip.height, 0);
  const raw = { width: layout.width, height, channels: 3 as const };
  return sharp(Buffer.concat(strips.map(({ data }) => data)), { raw, limitInputPixels: false })
    .png()
    .toBuffer();
}

function layoutOf({
  columns = 2,
  groundTruth = false,
  panelWidth: wanted = 200,
}: ContactSheetOptions): Layout {
  const panels: Panel[] = [
    "part",
    ...(groundTruth ? ["ground truth" as const] : []),
    "anomaly map",
    "detection",
  ];
  const panelWidth = Math.round(Math.min(1024, Math.max(64, wanted)));
  const card = cardSize(panels, { width: panelWidth, height: panelWidth });
  return { width: 2 * margin + columns * card.width + (columns - 1) * gap, columns, panels, panelWidth };
}

function header({ title, subtitle = "" }: ContactSheetOptions, { width }: Layout): Promise<Layer> {
  const room = width - 2 * margin;
  const size = { width, height: margin + 46 + (subtitle ? 34 : 0) };
  const large = { size: 34, weight: "bold" as const, fill: theme.text };
  const small = { size: 17, fill: theme.muted };
  const words = drawText(fitText(title, room, large), margin, margin + 28, large);
  const line = drawText(fitText(subtitle, room, small), margin, margin + 62, small);
  return assemble(size, theme.background, [drawing(words + line, size)]);
}

async function* sectionStrips(section: SheetSection, layout: Layout): AsyncGenerator<Layer> {
  yield sectionTitle(section, layout);
  let panel: Size | undefined;
  let row: Layer[] = [];
  for await (const part of section.parts) {
    panel ??= { width: layout.panelWidth, height: panelHeight(layout.panelWidth, part.frame) };
    row.push(await renderCard(part, layout.panels, panel));
    if (row.length < layout.columns) continue;
    yield cardRow(row, layout);
    row = [];
  }
  if (row.length > 0) yield cardRow(row, layout);
}

/** All panels of a section have the proportions of its first image, within reason. */
function panelHeight(width: number, frame: Size): number {
  return Math.round(width * Math.min(1.5, Math.max(0.5, frame.height / frame.width)));
}

function sectionTitle({ title, note = "" }: SheetSection, layout: Layout): Promise<Layer> {
  const { width, columns, panels, panelWidth } = layout;
  const size = { width, height: 78 };
  const right = width - margin;
  const medium = { size: 20, weight: "bold" as const, fill: theme.text };
  const small = { size: 14, fill: theme.muted };
  const tiny = { size: 12, fill: theme.muted, anchor: "middle" as const };
  const room = right - margin - textWidth(note, small) - gap;
  const panel = { width: panelWidth, height: panelWidth };
  const card = cardSize(panels, panel);
  const labels = Array.from({ length: columns }, (_, column) =>
    panels.map((name, index) => {
      const left = margin + column * (card.width + gap) + panelLeft(index, panel);
      return drawText(name, left + panelWidth / 2, 68, tiny);
    }),
  );
  const elements = [
    drawText(fitText(title, room, medium), margin, 32, medium),
    drawText(note, right, 32, { ...small, anchor: "end" }),
    `<rect x="${margin}" y="44" width="${right - margin}" height="1" fill="${theme.line}"/>`,
    ...labels.flat(),
  ];
  return assemble(size, theme.background, [drawing(elements.join(""), size)]);
}

function cardRow(cards: readonly Layer[], { width }: Layout): Promise<Layer> {
  const layers = cards.map((card, column) => openLayer(card, margin + column * (card.width + gap), 0));
  return assemble({ width, height: cards[0]!.height + gap }, theme.background, layers);
}
