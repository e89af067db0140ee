import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { reportPage } from "#uflow/evaluate/report/page.js";
import { commandOf } from "#uflow/evaluate/report/provenance.js";
import { reportData } from "./report-data.js";

const hostile = `<img src=x onerror="alert(1)"> & '`;

const headings = (page: string) => [...page.matchAll(/<h[23]>([^<]*)/g)].map(([, text]) => text!.trim());

it("has a section for everything that was measured", () => {
  expect(headings(reportPage(reportData("part")))).toEqual([
    "How well it decides, and how well it ranks",
    ...[
      "Verdicts",
      "Anomaly scores",
      "Promise and observation",
      "Most significant region of each good image",
    ],
    ...["Overlap and threshold", "ROC", "Precision and recall", "PRO"],
    "Found defects",
    "Marked defects one by one",
    ...["Training", "Likelihood of good parts"],
    ...["Settings and origin", "To do it again"],
  ]);
});

it("leaves out what is not known, and still says what is", () => {
  const data = reportData("part");
  const { falseAlarms: _, ...evaluation } = data.evaluation;
  const regionDetection = { regions: 0, detected: 0, rate: null, bySize: [] };
  const nothing = {
    perGoodImage: null,
    perGoodImageInterval: null,
    goodImagesWithDetection: 0,
    imageShareInterval: null,
    atEpsilon: [],
  };
  const curves = {
    imageRoc: null,
    pixelRoc: null,
    pro: null,
    spro: null,
    imagePr: null,
    pixelPr: null,
    miou: null,
  };
  const { training, ...manifest } = data.model.manifest;
  const page = reportPage({
    ...data,
    evaluation: { ...evaluation, images: { good: 0, defective: 2 }, regionDetection, falseAlarms: nothing },
    curves: { ...curves, goodLogNfa: [] },
    examined: data.examined.slice(2).map((image) => ({ ...image, truthRegions: null })),
    model: { ...data.model, manifest },
  });
  expect(headings(page)).toEqual([
    ...["How well it decides, and how well it ranks", "Verdicts", "Anomaly scores"],
    ...["Found defects", "Settings and origin", "To do it again"],
  ]);
  expect(page).toContain("no good images");
  expect(page).not.toMatch(/NaN|undefined|null|Infinity/);
});

it("says what cannot be known without masks, and where detections lie with them", () => {
  const data = reportData("part");
  expect(reportPage(data)).toContain(
    "1 of 2 images, wherever the detection lies; a detection overlaps 1 of 2 marked",
  );
  const unmarked = reportPage({
    ...data,
    evaluation: {
      ...data.evaluation,
      miou: { automatic: null, oracle: null, oracleLogEpsilon: null },
      regionDetection: { ...data.evaluation.regionDetection, regions: 0, detected: 0, rate: null },
    },
  });
  expect(unmarked).toMatch(
    /Overlap with defects<\/span><span class="figure">–<[^>]*><[^>]*>no marked defects</,
  );
  expect(unmarked).not.toContain("marked defects;");
  expect(unmarked).toContain("1 of 2 images, wherever the detection lies<");
});

it("shows saturated overlap where it is defined", () => {
  const data = reportData("part");
  const { evaluation, curves } = data;
  const saturated = { auspro: 0.6543, auspro005: 0.4321 };
  const page = reportPage({
    ...data,
    curves: { ...curves, spro: curves.pro },
    evaluation: {
      ...evaluation,
      ...saturated,
      defects: evaluation.defects.map((defect) => ({ ...defect, ...saturated })),
      meanOfKinds: { ...evaluation.meanOfKinds, auspro005: 0.3215 },
    },
  });
  expect(headings(page)).toContain("sPRO");
  expect(page).toMatch(/mean of the kinds: 0\.32/);
  expect(page).toMatch(/<th[^>]*>AU-sPRO 0\.05.*0\.432/s);
  expect(reportPage(data)).not.toContain("sPRO");
});

it("says whether the promise was kept, and what may be chance", () => {
  const verdict = (observed: number, low: number) => {
    const data = reportData("part");
    const { falseAlarms } = data.evaluation;
    falseAlarms.perGoodImage = observed;
    falseAlarms.perGoodImageInterval = [low, 9];
    return /<b class="?[^>]*>([^<]*)|<b>([^<]*)/.exec(reportPage(data))!.slice(1).join("");
  };
  expect(verdict(1, 0.5)).toBe("kept");
  expect(verdict(1.1, 0.5)).toBe("exceeded, within chance");
  expect(verdict(3, 2)).toBe("exceeded");
});

it("lets no name become markup", () => {
  const page = reportPage(reportData(hostile));
  expect(page).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &#39;");
  expect(page).not.toContain("<img src=x");
  const tags = (text: string) => text.match(/<\/?[a-z0-9]+/g)!.length;
  expect(tags(page)).toBe(tags(reportPage(reportData("part"))));
});

it("refers to nothing outside of itself", () => {
  const page = reportPage(reportData("part"));
  expect(page).not.toMatch(/<script|<link|<iframe|@import|https?:/);
  const sources = [...page.matchAll(/src="([^"]{0,15})/g)].map(([, source]) => source!.slice(0, 11));
  expect(new Set(sources)).toEqual(new Set(["data:image/"]));
});

it("gives a command that a shell takes apart into the same words", () => {
  const data = reportData(`it's "$HOME" \`id\` ; é`);
  const words = spawnSync("sh", ["-c", `printf '%s\\n' ${commandOf(data)}`], { encoding: "utf8" }).stdout;
  const { model, data: folder } = data.evaluation;
  expect(words.split("\n").slice(0, 7)).toEqual([
    "uflow",
    "evaluate",
    model,
    "--data",
    folder,
    "--out",
    "DIR",
  ]);
});

it("gives a command with the layout where that was said", () => {
  const { evaluation } = reportData("part");
  expect(commandOf({ evaluation: { ...evaluation, layout: "images" } })).toContain(
    "--data part --layout images --out DIR",
  );
});

it("gives a command that says how it was tested, and what was looked at", () => {
  const { evaluation } = reportData("part");
  const { operatingPoint: point } = evaluation;
  const flags = (more: object) =>
    commandOf({ evaluation: { ...evaluation, ...more } }).replace(/.* DIR /, "");
  expect(flags({})).toBe("--epsilon 1 --tail exact --tests per-scale --background ideal --map-size 8");
  const operatingPoint = { ...point, falseRejects: { oneIn: 100, confidence: 0.95 } };
  expect(flags({ operatingPoint })).toMatch(/^--false-rejects 100 --confidence 0.95 --tail exact /);
  expect(flags({ operatingPoint: { ...point, nfa: "block" } })).toBe("--epsilon 1 --nfa block --map-size 8");
  const triangle = "0,0 9.5,0 0,9".split(" ").map((at) => at.split(",").map(Number));
  const ignore = { polygons: [triangle, triangle], mask: "my mask.png" };
  const areas = { region: { x: 1, y: 2, width: 3, height: 4 }, ignore };
  expect(flags(areas)).toMatch(
    / --region 1,2,3,4 --ignore '0,0 9.5,0 0,9' --ignore '0,0 9.5,0 0,9' --ignore 'my mask.png'$/,
  );
  expect(flags({ region: null, ignore: null })).toMatch(/ --region none --ignore none$/);
});

it("tells of region and ignored areas, the model's or others", () => {
  const data = reportData("part");
  const { manifest } = data.model;
  const ofModel = { region: { x: 1, y: 2, width: 3, height: 4 }, ignore: { polygons: [], mask: true } };
  const model = { ...data.model, manifest: { ...manifest, ...ofModel } };
  const page = (more: object) => reportPage({ ...data, model, evaluation: { ...data.evaluation, ...more } });
  expect(page({})).toMatch(/3 × 4 pixels at 1, 2.*0 polygons and a mask/s);
  expect(page({ region: null, ignore: null })).not.toMatch(/pixels at|and a mask/);
});
