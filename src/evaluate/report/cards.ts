import { relative } from "node:path";
import { scaleRegion } from "../../a-contrario/index.js";
import type { Area } from "../../image/area.js";
import { goodKind } from "../../image/datasets/index.js";
import { decodeImage } from "../../image/decode.js";
import type { Mask } from "../../image/mask.js";
import { type RawImage, type Region, regions } from "../../kernels/index.js";
import { drawContours } from "../../picture/contour.js";
import {
  assemble,
  containedSize,
  drawing,
  openFrame,
  openLayer,
  openPicture,
  type Size,
} from "../../picture/frame.js";
import { paintOverlay } from "../../picture/overlay.js";
import { type Examined, type Pictured, shownIou } from "../examined.js";
import type { Card, Sheet } from "./report-data.js";

/** Cards of a sheet of what is wrong or found. With some 15 kB each, a report stays below 5 MB however many images there are. */
const mostCards = 60;

/** Good parts that were taken for good are shown only to see which came closest to an alarm. */
const mostGood = 12;

/** Pixels: the longer side of one of the two pictures of a card, and the line between them. */
const side = 200;
const gap = 4;

/** The colour of what is truly defective; the contours of detections are cyan. */
const truthColour = "#ffffff";

/** A sheet's name, and how many cards it has at most. */
const outcomes = {
  falseAlarm: { title: "False alarms", most: mostCards },
  miss: { title: "Missed defects", most: mostCards },
  hit: { title: "Found defects", most: mostCards },
  good: { title: "Good parts without an alarm", most: mostGood },
} as const;

type Outcome = keyof typeof outcomes;

function outcomeOf({ kind, anomalous }: Examined): Outcome {
  if (kind === goodKind) return anomalous ? "falseAlarm" : "good";
  return anomalous ? "hit" : "miss";
}

/**
 * Draws images as they come, so that neither they nor their maps have to be kept: only those that are among the most
 * significant of their outcome so far.
 */
export class SheetDrawer {
  private readonly groups = new Map<Outcome, { total: number; cards: Card[] }>();

  /** @param data the folder from which images are named */
  constructor(private readonly data: string) {}

  /** @throws UflowError ERR_UFLOW_BAD_IMAGE when the image cannot be read any more. */
  async add(image: Pictured): Promise<void> {
    const outcome = outcomeOf(image);
    const group = this.groups.get(outcome) ?? { total: 0, cards: [] };
    this.groups.set(outcome, group);
    group.total++;
    const { most } = outcomes[outcome];
    const place = group.cards.findIndex(({ logNfa }) => image.logNfa < logNfa);
    if (place < 0 && group.cards.length === most) return;
    const card = await drawCard(image, this.data);
    group.cards.splice(place < 0 ? group.cards.length : place, 0, card);
    group.cards.length = Math.min(group.cards.length, most);
  }

  /** What went wrong first; on each sheet the most significant image first. */
  sheets(): Sheet[] {
    const names = Object.keys(outcomes) as Outcome[];
    return names.flatMap((outcome) => {
      const group = this.groups.get(outcome);
      return group ? [{ title: outcomes[outcome].title, ...group }] : [];
    });
  }
}

async function drawCard(image: Pictured, data: string): Promise<Card> {
  const { path, kind, truth, logNfa, area } = image;
  const frame = await decodeImage(path);
  const panel = containedSize(frame, { width: side, height: side });
  const layers = [
    await drawTruth(frame, kind === goodKind ? null : truth, area, panel),
    openLayer(await paintOverlay({ ...image, frame }, panel), panel.width + gap),
  ];
  const size = { width: 2 * panel.width + gap, height: panel.height };
  const picture = await openPicture(await assemble(size, "#fff", layers))
    .webp({ quality: 74 })
    .toBuffer();
  const name = relative(data, path);
  return { name, kind, picture, ...size, logNfa, regions: image.regions.length, iou: shownIou(image) };
}

/** The part, with the outlines of its true defects where they are known. */
async function drawTruth(frame: RawImage, truth: Mask | null, area: Area, size: Size) {
  const scale = { x: size.width / frame.width, y: size.height / frame.height };
  const outlines = drawContours(truth === null ? [] : maskRegions(truth, area), {
    scale,
    width: 1.4,
    colour: truthColour,
  });
  const part = await openFrame(frame)
    .resize(size.width, size.height, { fit: "fill" })
    .composite([drawing(outlines, size)])
    .removeAlpha()
    .raw()
    .toBuffer();
  return openLayer({ data: part, ...size, channels: 3 });
}

/** The connected parts of a mask of an area of the image, in pixels of the image. */
function maskRegions(mask: Mask, area: Area): Region[] {
  const { width, height } = mask;
  const map = { data: Float32Array.from(mask.data, (value) => (value ? -1 : 1)), width, height };
  return regions(map, { connectivity: 8 }).map((region) => scaleRegion(region, map, area));
}
