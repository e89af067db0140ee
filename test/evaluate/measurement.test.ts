import { describe, expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { type MeasuredMaps, Measurement } from "#uflow/evaluate/measurement.js";
import { MeasurementThread } from "#uflow/evaluate/measurement-thread.js";
import * as metrics from "#uflow/evaluate/metrics/index.js";
import { goodKind } from "#uflow/image/datasets/index.js";
import { peerCases } from "./metrics/peers.js";

const aborted = () => new UflowError("ERR_UFLOW_ABORTED", "stopped");

/** Images as the evaluation hands them over, with the negated scores as maps of log NFA. */
function imagesOf({ scores, masks }: (typeof peerCases)[number]): MeasuredMaps[] {
  return scores.map(({ data, ...size }, i) => {
    const logNfaMap = { data: data.map((score) => -score), ...size };
    const mask = { data: Uint8Array.from(data, (score) => (score > 0 ? 1 : 0)), ...size };
    const kind = i < 2 ? goodKind : `kind ${i % 2}`;
    return { kind, truth: masks[i]!, anomalyMap: { data, ...size }, logNfaMap, mask };
  });
}

describe.each(peerCases)("images one by one (seed $seed)", (peer) => {
  const images = imagesOf(peer);
  const measurement = new Measurement(0);
  const measures = images.map((image) => measurement.add(image));
  const result = measurement.result();

  it("give the same numbers as all at once", () => {
    const { scores, masks } = peer;
    expect(result).toMatchObject({
      pixelAuroc: metrics.pixelAuroc(scores, masks),
      pixelAveragePrecision: metrics.pixelAveragePrecision(scores, masks),
      pixelF1Max: metrics.pixelF1Max(scores, masks),
      aupro: expect.closeTo(metrics.aupro(scores, masks)!, 12),
      aupro005: expect.closeTo(metrics.aupro(scores, masks, { limit: 0.05 })!, 12),
      miou: metrics.miou(
        images.map(({ logNfaMap }) => logNfaMap),
        masks,
      ),
      precision: { exact: true, scoreBits: 32, bounds: { pixelAuroc: 0, aupro: 0, pixelF1Max: 0 } },
    });
    const fair = metrics.fairThreshold(scores, masks)!;
    expect(result.fairThreshold!.score).toBe(fair.score);
    expect(result.fairThreshold!.miou).toBeCloseTo(fair.miou, 12);
  });

  it("give each kind of defect its own, with all good images", () => {
    const some = images.filter(({ kind }) => kind === goodKind || kind === "kind 1");
    const [scores, masks] = [some.map(({ anomalyMap }) => anomalyMap), some.map(({ truth }) => truth!)];
    expect(Object.keys(result.byKind).sort()).toEqual(["kind 0", "kind 1"]);
    expect(result.byKind["kind 1"]).toEqual({
      pixelAuroc: metrics.pixelAuroc(scores, masks),
      pixelAveragePrecision: metrics.pixelAveragePrecision(scores, masks),
      aupro: expect.closeTo(metrics.aupro(scores, masks)!, 12),
      aupro005: expect.closeTo(metrics.aupro(scores, masks, { limit: 0.05 })!, 12),
      auspro: null,
      auspro005: null,
    });
  });

  it("have saturated overlap where regions are given, of all and of each kind", () => {
    const { scores, masks } = peer;
    // Each mask is one region, of which two pixels and a half are enough.
    const regions = masks.map((mask) => (mask.data.includes(1) ? [{ mask, saturation: 2.5 }] : []));
    const saturating = new Measurement(0);
    const spros = images.map((image, i) => saturating.add({ ...image, saturating: regions[i]! }).spro);
    const { byKind, ...all } = saturating.result();
    for (const [name, limit] of Object.entries({ auspro: 0.3, auspro005: 0.05 } as const)) {
      const key = name as "auspro" | "auspro005";
      expect(all[key]).toBeCloseTo(metrics.auspro(scores, regions, { limit })!, 12);
      const some = [0, 1, 3].map((i) => [scores[i]!, regions[i]!] as const);
      const ofKind = metrics.auspro(
        some.map(([map]) => map),
        some.map(([, region]) => region),
        { limit },
      );
      expect(byKind["kind 1"]![key]).toBeCloseTo(ofKind!, 12);
    }
    expect(all.precision.bounds.auspro005).toBe(0);
    expect(all.curves.spro!.x.at(-1)).toBe(1);
    expect(result.curves.spro).toBeNull();
    expect(spros).toEqual(images.map(({ mask }, i) => metrics.saturatedOverlap(mask, regions[i]!)));
  });

  it("count false alarms on good images only, more of them where more are allowed", () => {
    expect(measures.map(({ alarmsAtWatched }) => alarmsAtWatched?.length)).toEqual([
      4,
      4,
      undefined,
      undefined,
      undefined,
    ]);
    expect(measures[0]!.alarmsAtWatched![0]).toBeGreaterThanOrEqual(0);
    expect(measures.every(({ truthRegions }) => truthRegions !== null)).toBe(true);
  });
});

it("takes no part in pixel metrics where nobody has said what is defective", () => {
  const measurement = new Measurement(0);
  const unknown = { ...imagesOf(peerCases[0]!)[4]!, truth: null };
  expect(measurement.add(unknown)).toEqual({
    iou: null,
    spro: null,
    truthRegions: null,
    alarmsAtWatched: null,
  });
  expect(measurement.result()).toMatchObject({ pixelAuroc: null, byKind: {}, fairThreshold: null });
});

describe("in a thread of its own", () => {
  const images = imagesOf(peerCases[0]!);

  it("gives the same, and refuses NaN without dying", async () => {
    const here = new Measurement(0);
    await using thread = new MeasurementThread({ logEpsilon: 0 }, undefined, aborted);
    for (const image of images) expect(await thread.add(image)).toEqual(here.add(image));
    const { anomalyMap, ...rest } = images[0]!;
    const broken = { ...anomalyMap, data: anomalyMap.data.map(() => Number.NaN) };
    await expect(thread.add({ ...rest, anomalyMap: broken })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_TENSOR",
    });
    expect(await thread.result()).toEqual(here.result());
  });

  it("stops as soon as it is told to, and is of no use after", async () => {
    const controller = new AbortController();
    await using thread = new MeasurementThread({ logEpsilon: 0 }, controller.signal, aborted);
    const answer = thread.add(images[0]!);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
    await expect(thread.result()).rejects.toMatchObject({ code: "ERR_UFLOW_ABORTED" });
  });

  it("is of no use when closed", async () => {
    const thread = new MeasurementThread({ logEpsilon: 0 }, undefined, aborted);
    await thread[Symbol.asyncDispose]();
    await expect(thread.result()).rejects.toMatchObject({ code: "ERR_UFLOW_LANE" });
  });
});
