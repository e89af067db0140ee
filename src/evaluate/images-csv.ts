import { csv } from "../output/csv.js";
import type { ImageError } from "./evaluation.js";
import type { Examined } from "./examined.js";
import { totalTime } from "./summary.js";

const columns = [
  "image",
  "kind",
  "anomalous",
  "anomalyScore",
  "logNfa",
  "regions",
  "iou",
  "spro",
  "truthRegions",
  "truthRegionsDetected",
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
  return csv(rows);
}

function rowOf(image: Examined) {
  const { path, kind, anomalous, anomalyScore, logNfa, regions, iou, spro, truthRegions, timings } = image;
  const milliseconds = totalTime(timings).toFixed(1);
  // The tiny number of a miss is 0 to a reader.
  const overlaps = [iou, spro].map((overlap) => (overlap === null ? "" : Number(overlap.toFixed(6))));
  const truth = truthRegions
    ? [truthRegions.length, truthRegions.filter(({ detected }) => detected).length]
    : ["", ""];
  return [
    path,
    kind,
    anomalous,
    anomalyScore,
    logNfa,
    regions.length,
    ...overlaps,
    ...truth,
    milliseconds,
    "",
  ];
}
