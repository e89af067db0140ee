import { csvLine } from "../output/csv.js";
import type { ImageError } from "./evaluation.js";
import type { Examined } from "./examine.js";
import { totalTime } from "./summary.js";

const columns = [
  "image",
  "kind",
  "anomalous",
  "anomalyScore",
  "logNfa",
  "regions",
  "iou",
  "milliseconds",
  "error",
];

/** One line per test image, RFC 4180; those that could not be read come last, with the reason. */
export function imagesCsv(examined: readonly Examined[], errors: readonly ImageError[]): string {
  const rows = [
    columns,
    ...examined.map(rowOf),
    ...errors.map(({ image, message }) => [image, ...Array(columns.length - 2).fill(""), message]),
  ];
  return rows.map(csvLine).join("");
}

function rowOf(image: Examined) {
  const { path, kind, anomalous, anomalyScore, logNfa, regions, iou, timings } = image;
  const milliseconds = totalTime(timings).toFixed(1);
  // The tiny number of a miss is 0 to a reader.
  const overlap = iou === null ? "" : Number(iou.toFixed(6));
  return [path, kind, anomalous, anomalyScore, logNfa, regions.length, overlap, milliseconds, ""];
}
