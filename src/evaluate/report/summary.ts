import { type Content, type Html, html, name } from "../../page/html.js";
import { count, table } from "../../page/table.js";
import type { Evaluation } from "../evaluation.js";
import type { ReportData } from "./report-data.js";

/** What there is to know in ten seconds, then the same per kind of defect. */
export function summary({ evaluation }: ReportData): Html {
  const { errors, notes } = evaluation;
  return html`<section class="summary">
<p class="headline">${headline(evaluation)}</p>
<div class="tiles">${[found(evaluation), alarms(evaluation), overlap(evaluation), ranking(evaluation)]}</div>
${kinds(evaluation)}
${notes.map((note) => html`<p class="note">${note}</p>`)}
${errors.map(({ message }) => html`<p class="note bad">${message}</p>`)}
</section>`;
}

const detectedOf = ({ defects }: Evaluation) => defects.reduce((sum, { detected }) => sum + detected, 0);

function headline(evaluation: Evaluation): Content {
  const { images, falseAlarms } = evaluation;
  const { goodImagesWithDetection } = falseAlarms;
  const parts = [
    ...(images.defective > 0
      ? [`${detectedOf(evaluation)} of ${count(images.defective, "defective part")} found`]
      : []),
    ...(images.good > 0
      ? [`${goodImagesWithDetection} of ${count(images.good, "good part")} flagged by mistake`]
      : []),
  ];
  return `${parts.join(", ")}.`;
}

function found(evaluation: Evaluation): Html {
  const { images, regionDetection } = evaluation;
  const { defective } = images;
  if (defective === 0) return tile("Defects found", "–", "no defective images");
  const detected = detectedOf(evaluation);
  // A part can be found by what is not its defect.
  const { regions, detected: overlapped } = regionDetection;
  const marked = regions === 0 ? "" : `; a detection overlaps ${overlapped} of ${regions} marked defects`;
  const detail = `${detected} of ${defective} images, wherever the detection lies${marked}`;
  return tile("Defects found", percent(detected / defective), detail);
}

function alarms({ falseAlarms, images, operatingPoint }: Evaluation): Html {
  const { perGoodImage, perGoodImageInterval: interval, goodImagesWithDetection } = falseAlarms;
  if (perGoodImage === null || interval === null) {
    return tile("False alarms per good part", "–", "no good images");
  }
  const [low, high] = interval.map((end) => end.toFixed(2));
  const promise = html`promised: at most ${operatingPoint.epsilon} – ${outcome(perGoodImage, interval[0], operatingPoint.epsilon)}<br>95 %: ${low!} … ${high!}, on ${goodImagesWithDetection} of ${images.good} images`;
  return tile("False alarms per good part", perGoodImage.toFixed(2), promise);
}

/** What is above the promise may still be chance, with few images. */
function outcome(observed: number, low: number, promised: number): Html {
  if (observed <= promised) return html`<b class="kept">kept</b>`;
  return low <= promised ? html`<b>exceeded, within chance</b>` : html`<b class="bad">exceeded</b>`;
}

function overlap({ miou }: Evaluation): Html {
  const { automatic, oracle } = miou;
  const detail =
    automatic === null || oracle === null
      ? "no marked defects"
      : `mean IoU, silent good parts count as 1; threshold from ε alone, best in hindsight: ${oracle.toFixed(3)}`;
  return tile("Overlap with defects", score(automatic), detail);
}

function ranking({ imageAuroc, pixelAuroc, aupro, meanOfKinds }: Evaluation): Html {
  const { auspro005 } = meanOfKinds;
  const ofImages = imageAuroc === null ? "AUROC needs good and defective images" : "AUROC";
  const ofPixels = pixelAuroc === null ? "" : `; of pixels ${score(pixelAuroc)}, AUPRO ${score(aupro)}`;
  const saturated = auspro005 === null ? "" : `; AU-sPRO up to 0.05, mean of the kinds: ${score(auspro005)}`;
  return tile("Ranking of images", score(imageAuroc), `${ofImages}${ofPixels}${saturated}`);
}

const tile = (title: string, figure: string, detail: Content) =>
  html`<div class="tile"><span class="title">${title}</span><span class="figure">${figure}</span><span class="detail">${detail}</span></div>`;

function kinds({ defects, images, falseAlarms, auspro }: Evaluation): Html {
  const saturated = auspro !== null;
  const rows: Content[][] = defects.map((defect) => [
    name(defect.kind),
    bar(defect.detectionRate, "defective"),
    `${defect.detected} of ${defect.images}`,
    percent(defect.detectionRate),
    ...[defect.miou, defect.imageAuroc, defect.pixelAuroc, defect.aupro].map(score),
    ...(saturated ? [score(defect.auspro005)] : []),
  ]);
  const { goodImagesWithDetection: flagged } = falseAlarms;
  const share = flagged / images.good;
  const heads = [
    ...["kind", "", "detected", "rate", "mIoU", "image AUROC", "pixel AUROC", "AUPRO"],
    ...(saturated ? ["AU-sPRO 0.05"] : []),
  ];
  const ofGood = ["good", bar(share, "good"), `${flagged} of ${images.good}`, percent(share)];
  const good = heads.map((_, column) => ofGood[column] ?? "");
  return html`<div class="kinds">${table(heads, images.good > 0 ? [...rows, good] : rows, 2)}</div>`;
}

const bar = (share: number, kind: "good" | "defective") =>
  html`<span class="bar"><span class="${kind}" style="width:${(100 * share).toFixed(1)}%"></span></span>`;

const percent = (share: number) => `${(100 * share).toFixed(share > 0.995 && share < 1 ? 1 : 0)} %`;

const score = (value: number | null) => (value === null ? "–" : value.toFixed(3));
