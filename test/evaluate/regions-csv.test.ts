import { expect, it } from "vitest";
import type { Examined } from "#uflow/evaluate/examined.js";
import { regionsCsv } from "#uflow/evaluate/regions-csv.js";

const region = { area: 4, centroid: { x: 1.5, y: 2.25 }, detected: true, iou: 0.5, logNfa: -7.5 };

it("writes a line per region of the ground truth, none for images without a mask", () => {
  const examined = [
    {
      path: "a.png",
      kind: "cut",
      map: { width: 16, height: 4 },
      truthRegions: [region, { ...region, detected: false, iou: 0, logNfa: 3 }],
    },
    { path: "b.png", kind: "cut", truthRegions: null },
  ] as unknown as Examined[];
  expect(regionsCsv(examined)).toBe(
    [
      "image,kind,region,x,y,area,share,detected,iou,logNfa\r\n",
      "a.png,cut,1,1.5,2.3,4,0.0625,true,0.5,-7.5\r\n",
      "a.png,cut,2,1.5,2.3,4,0.0625,false,0,3\r\n",
    ].join(""),
  );
});
