// How long does "uflow data" take on very many small files?
//
//   node bench/survey.mjs [--images 100000] [--distinct 1] [--deep]
//
// Makes a data set in the layout of MVTec AD in the temporary folder: PNG files of 32 × 32 pixels, seven tenths of them to learn
// from, a tenth defective with masks. Of --distinct 1 all are the same file, so that every image that is tested was learned
// from too; of more, that many different ones. Then the survey: seconds that pass, seconds of the processors, peak memory.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { surveyDataset } from "../dist/index.js";

const { values } = parseArgs({
  options: {
    images: { type: "string", default: "100000" },
    distinct: { type: "string", default: "1" },
    deep: { type: "boolean", default: false },
  },
});
const [images, distinct] = [Number(values.images), Number(values.distinct)];
const folder = await mkdtemp(join(tmpdir(), "uflow-survey-"));
try {
  const files = await make();
  const before = process.cpuUsage();
  const start = performance.now();
  await surveyDataset(folder, { deep: values.deep });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${files} files, ${distinct} distinct images: ${seconds.toFixed(1)} s, of processors ${((user + system) / 1e6).toFixed(1)} s; ${peak.toFixed(0)} MiB at the peak`,
  );
} finally {
  await rm(folder, { recursive: true });
}

async function make() {
  for (const part of ["train/good", "test/good", "test/bad", "ground_truth/bad"])
    await mkdir(join(folder, part), { recursive: true });
  const pictures = [];
  for (let i = 0; i < Math.min(distinct, images); i++) pictures.push(await png(noise(i)));
  const mask = await png(new Uint8Array(1024).fill(255));
  let files = images;
  for (let i = 0; i < images; i++) {
    const part = i % 10 < 7 ? "train/good" : i % 10 < 9 ? "test/good" : "test/bad";
    await writeFile(join(folder, part, `${i}.png`), pictures[i % pictures.length]);
    if (part !== "test/bad") continue;
    await writeFile(join(folder, "ground_truth/bad", `${i}_mask.png`), mask);
    files++;
  }
  return files;
}

function png(pixels) {
  return sharp(pixels, { raw: { width: 32, height: 32, channels: 1 } })
    .png()
    .toBuffer();
}

/** Different for each seed, and of nearly the same length as a file. */
function noise(seed) {
  let state = seed + 1;
  return Uint8Array.from({ length: 1024 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}
