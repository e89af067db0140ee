import { basename } from "node:path";
import { goodKind } from "../image/datasets/index.js";
import { decodeImage } from "../image/decode.js";
import { renderContactSheet, type SheetPart, type SheetSection } from "../picture/contact-sheet.js";
import type { Evaluation } from "./evaluation.js";
import { type Pictured, shownIou } from "./examined.js";

/**
 * The selected images as one PNG: image, ground truth, anomaly map and detection side by side, a section per kind.
 * @throws UflowError ERR_UFLOW_BAD_IMAGE when an image cannot be read any more.
 */
export function drawContactSheet(selected: readonly Pictured[], evaluation: Evaluation): Promise<Buffer> {
  const kinds = [...new Set(selected.map(({ kind }) => kind))];
  const sections: SheetSection[] = kinds.map((kind) => ({
    title: kind,
    note: noteOn(kind, evaluation),
    parts: parts(selected.filter((image) => image.kind === kind)),
  }));
  const { images, data, model } = evaluation;
  return renderContactSheet(sections, {
    title: `${basename(model)} on ${basename(data)}`,
    subtitle: `${images.good} good and ${images.defective} defective images; of each kind the worst misses first, then the best hits; last the worst false alarms`,
    columns: 2,
    groundTruth: selected.some(({ kind, truth }) => kind !== goodKind && truth !== null),
  });
}

/** Decodes one image at a time. */
async function* parts(images: readonly Pictured[]): AsyncGenerator<SheetPart> {
  for (const { path, kind, truth, iou, ...inspection } of images) {
    const frame = await decodeImage(path);
    const shown = shownIou({ truth, iou });
    const overlap = kind === goodKind || shown === null ? "" : `  ·  IoU ${shown.toFixed(2)}`;
    const caption = `${basename(path)}${overlap}`;
    yield { ...inspection, frame, caption, defective: kind !== goodKind, ...(truth && { truth }) };
  }
}

function noteOn(kind: string, { defects, falseAlarms, images }: Evaluation): string {
  if (kind === goodKind) return `${falseAlarms.goodImagesWithDetection} of ${images.good} with a false alarm`;
  const { detected, images: total } = defects.find((defect) => defect.kind === kind)!;
  return `${detected} of ${total} detected`;
}
