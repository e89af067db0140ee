import { expect, it } from "vitest";
import type { Examined } from "#uflow/evaluate/examined.js";
import { imagesCsv } from "#uflow/evaluate/images-csv.js";

const examined = {
  path: 'a, "b".png',
  kind: "cut",
  anomalous: true,
  anomalyScore: 0.5,
  logNfa: -3.25,
  regions: [{}, {}],
  iou: null,
  spro: 0.5,
  truthRegions: null,
  timings: { decode: 1, preprocess: 2, network: 3, segment: 4.04 },
} as unknown as Examined;

it("writes a line per image, quoted where needed, and what could not be read last", () => {
  const error = { image: "c.png", code: "ERR_UFLOW_BAD_IMAGE", message: "broken,\nsorry" } as const;
  expect(imagesCsv([examined], [error])).toBe(
    [
      "image,kind,anomalous,anomalyScore,logNfa,regions,iou,spro,truthRegions,truthRegionsDetected,milliseconds,error\r\n",
      '"a, ""b"".png",cut,true,0.5,-3.25,2,,0.5,,,10.0,\r\n',
      'c.png,,,,,,,,,,,"broken,\nsorry"\r\n',
    ].join(""),
  );
});
