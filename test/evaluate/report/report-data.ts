import type { Examined } from "#uflow/evaluate/examined.js";
import type { ReportData } from "#uflow/evaluate/report/report-data.js";
import { thisMachine } from "#uflow/machine.js";

const sum = "0".repeat(64);

/** A WebP of one pixel. */
const pixel = Buffer.from("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA", "base64");

const nothingPerPixel = {
  ...{ pixelAuroc: null, pixelAveragePrecision: null, aupro: null, aupro005: null },
  ...{ auspro: null, auspro005: null },
};

/** A report on four images, all of whose texts are `text`. */
export function reportData(text: string): ReportData {
  const image = (kind: string, i: number, anomalous: boolean): Examined => ({
    path: `${text}/test/${kind}/${text}${i}.png`,
    kind,
    anomalous,
    anomalyScore: 0.3 + 0.1 * i,
    logNfa: anomalous ? -40 * i : 12,
    regions: [],
    image: { width: 8, height: 8 },
    area: { x: 0, y: 0, width: 8, height: 8 },
    map: { width: 8, height: 8 },
    timings: { decode: 1, preprocess: 1, network: 1, segment: 1 },
    iou: anomalous ? 0.5 : 0,
    spro: null,
    truthRegions:
      kind === "good"
        ? []
        : [{ area: 4, centroid: { x: 1, y: 1 }, detected: anomalous, iou: 0.5, logNfa: -40 * i }],
  });
  const line = { x: [0, 0.5, 1], y: [0, 0.75, 1] };
  const rate = {
    perGoodImage: 0.5,
    perGoodImageInterval: [0.01, 2.8] as [number, number],
    goodImagesWithDetection: 1,
    imageShareInterval: [0.01, 0.99] as [number, number],
  };
  const none = { perGoodImage: 0, perGoodImageInterval: [0, 1.8] as [number, number] };
  const card = { name: text, kind: text, picture: pixel, width: 1, height: 1, regions: 1, iou: 0.5 };
  return {
    date: "2026-01-02T03:04:05.678Z",
    evaluation: {
      model: `${text}.uflow`,
      data: text,
      images: { good: 2, defective: 2 },
      imageAuroc: 0.75,
      imageAveragePrecision: 0.5,
      imageF1Max: null,
      pixelF1Max: null,
      ...nothingPerPixel,
      precision: { exact: true, scoreBits: 32, bounds: { ...nothingPerPixel, pixelF1Max: null } },
      miou: { automatic: 0.5, oracle: 0.6, oracleLogEpsilon: 9 },
      fairThreshold: null,
      regionDetection: {
        regions: 2,
        detected: 1,
        rate: 0.5,
        bySize: [{ from: 0.01, to: 0.1, regions: 2, detected: 1, rate: 0.5, interval: [0.01, 0.99] }],
      },
      falseAlarms: {
        ...rate,
        atEpsilon: [
          { epsilon: 1, ...rate },
          { epsilon: 0.1, ...rate, ...none },
        ],
      },
      defects: [
        {
          kind: text,
          images: 2,
          detected: 1,
          detectionRate: 0.5,
          imageAuroc: 0.75,
          imageAveragePrecision: 0.5,
          miou: 0.25,
          ...nothingPerPixel,
        },
      ],
      meanOfKinds: { imageAuroc: 0.75, imageAveragePrecision: 0.5, ...nothingPerPixel },
      operatingPoint: {
        ...{ epsilon: 1, logEpsilon: 0, nfa: "tree", tail: "exact", tests: "per-scale", background: "ideal" },
        falseRejects: null,
        text: "regions, tail exact",
      },
      mapSize: 8,
      device: "cpu",
      timings: { decode: 1, preprocess: 1, network: 1, segment: 1, total: 4 },
      complete: false,
      errors: [{ image: text, code: "ERR_UFLOW_BAD_IMAGE", message: text }],
      notes: [text],
    },
    curves: {
      imageRoc: line,
      pixelRoc: line,
      pro: line,
      spro: null,
      imagePr: line,
      pixelPr: line,
      miou: { logEpsilon: [-10, 0, 10], miou: [0.4, 0.5, 0.6] },
      goodLogNfa: [-40, 12],
    },
    examined: [image("good", 0, false), image("good", 1, true), image(text, 2, true), image(text, 3, false)],
    sheets: [{ title: "Found defects", total: 2, cards: [{ ...card, logNfa: -80 }] }],
    model: { sha256: sum, bytes: 1, manifest: manifest(text) },
    dataFingerprint: sum,
    machine: thisMachine(),
  };
}

function manifest(text: string): ReportData["model"]["manifest"] {
  const scale = { channels: 2, height: 4, width: 4 };
  return {
    format: "uflow",
    formatVersion: 1,
    engine: text,
    backbone: { name: text, sha256: sum },
    inputSize: 8,
    mapSize: 8,
    scales: [scale],
    strides: [2],
    latents: [scale],
    flowSteps: 1,
    normalization: "standard",
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
    training: {
      images: 2,
      epochs: 2,
      batchSize: 1,
      learningRate: 0.1,
      weightDecay: 0,
      seed: 0,
      losses: [9, 5],
    },
    imported: { file: text, sha256: sum },
    metrics: {},
    entries: {},
  };
}
