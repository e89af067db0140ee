// What are tiles good for, and do their seams show?
//
//   node bench/tiling.mjs [--side 1024] [--images 20] [--tiles 512,256] [--epochs 40,6,4]
//
// Fabric of the generated line: one model that sees a picture as a whole, one for each size of tiles (epochs in this order, so that
// all take about as many steps), and dark specks painted on good pictures, of which it is counted who finds them. Then the jumps of
// energies from cell to cell, at seams over elsewhere, per scale, for several overlaps.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Tiles } from "../dist/areas/tiling.js";
import { decodeImage } from "../dist/image/decode.js";
import { Preprocessor } from "../dist/image/preprocess.js";
import { Inspector, readModel, train } from "../dist/index.js";
import { Network } from "../dist/inspect/network.js";
import { Random } from "../dist/random.js";
import { writeLine } from "../dist/sample/index.js";

const { values } = parseArgs({
  options: {
    side: { type: "string", default: "1024" },
    images: { type: "string", default: "20" },
    tiles: { type: "string", default: "512,256" },
    epochs: { type: "string", default: "40,6,4" },
  },
});
const side = Number(values.side);
const epochs = values.epochs.split(",").map(Number);
const sizes = [undefined, ...values.tiles.split(",").map(Number)];
const folder = await mkdtemp(join(tmpdir(), "uflow-tiling-"));

try {
  const data = join(folder, "fabric");
  await writeLine(data, "fabric", { side, train: Number(values.images), good: 6, perDefect: 2, seed: 1 });
  const good = await imagesIn(join(data, "test", "good"));
  for (const [i, tileSize] of sizes.entries()) {
    const output = join(folder, `${tileSize ?? "whole"}.uflow`);
    await train({
      featureNoise: 0,
      data,
      output,
      epochs: epochs[i],
      heldOut: 0.25,
      threads: 1,
      ...(tileSize && { tileSize }),
    });
    console.log(tileSize ? `tiles of ${tileSize}` : "as one picture");
    await tellDetections(output, data, good);
    if (tileSize) await tellSeams(output, good.slice(0, 3), tileSize);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function imagesIn(place) {
  return (await readdir(place)).map((name) => join(place, name));
}

async function tellDetections(model, data, good) {
  const inspector = await Inspector.open(model, { threads: 1 });
  const start = performance.now();
  let alarms = 0;
  for (const path of good) alarms += (await inspector.inspect(path)).regions.length;
  const pace = (performance.now() - start) / good.length;
  console.log(`  ${alarms} regions on ${good.length} good pictures, ${pace.toFixed(0)} ms each`);
  for (const kind of await readdir(join(data, "test"))) {
    const found = [];
    for (const path of await imagesIn(join(data, "test", kind)))
      found.push((await inspector.inspect(path)).logNfa);
    console.log(`  log NFA, ${kind}: ${found.map((value) => value.toFixed(0)).join(" ")}`);
  }
  for (const radius of [3, 4, 5, 6, 8, 12]) {
    const random = new Random(radius);
    let found = 0;
    for (const path of [...good, ...good]) {
      const [x, y] = [random.between(40, side - 40), random.between(40, side - 40)];
      const { regions } = await inspector.inspect(withSpeck(await decodeImage(path), x, y, radius));
      if (regions.some(({ box }) => isNear(box, x, y))) found++;
    }
    console.log(`  specks of ${2 * radius} pixels: ${found} of ${2 * good.length}`);
  }
  await inspector.close();
}

function withSpeck({ data, width, height, channels }, x0, y0, radius) {
  const painted = data.slice();
  for (let i = 0; i < width * height; i++) {
    if (Math.hypot((i % width) - x0, Math.floor(i / width) - y0) <= radius)
      painted.fill(30, i * channels, (i + 1) * channels);
  }
  return { data: painted, width, height, channels };
}

function isNear({ x, y, width, height }, x0, y0) {
  return x0 >= x - 8 && x0 <= x + width + 8 && y0 >= y - 8 && y0 <= y + height + 8;
}

async function tellSeams(path, images, size) {
  const model = await readModel(path);
  const preprocessor = new Preprocessor();
  const { strides, preprocessing, inputSize } = model.manifest;
  const network = await Network.open(model, { device: "cpu", threads: 1 });
  for (const part of [0, 1 / 8, 1 / 4, 1 / 2]) {
    const sums = strides.map(() => ({ seam: [0, 0], inner: [0, 0] }));
    for (const image of images) {
      const frame = await decodeImage(image);
      const tiles = new Tiles(frame, { size, overlap: size * part }, model.manifest);
      const picture = preprocessor.picture(frame, { ...tiles.whole, ...preprocessing });
      const maps = [];
      for (let i = 0; i < tiles.count; i++)
        maps.push((await network.run([tiles.cut(picture, i)]))[0].energies);
      const owners = tiles.join(
        maps.map((scales, tile) => scales.map((map) => ({ ...map, data: map.data.map(() => tile) }))),
      );
      tiles.join(maps).forEach(({ data, width }, scale) => {
        for (let i = 1; i < data.length; i++) {
          if (i % width === 0) continue;
          const sum = sums[scale][owners[scale].data[i] === owners[scale].data[i - 1] ? "inner" : "seam"];
          sum[0] += Math.abs(Math.log(data[i] / data[i - 1]));
          sum[1]++;
        }
      });
    }
    const ratios = sums.map(({ seam, inner }) => (seam[0] / seam[1] / (inner[0] / inner[1])).toFixed(2));
    console.log(
      `  overlap ${part} of ${inputSize}: jumps at seams over those elsewhere ${ratios.join(", ")}`,
    );
  }
  await network.close();
}
