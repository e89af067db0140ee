// How much time and memory do the metrics of pixels take, and how exact are they then?
//
//   node bench/pixel-metrics.mjs [PIXELS] [--side 256]
//
// PIXELS (default 1e8) scores come as maps of --side², made on the way: nearly all of them differ. Every second map has three
// square defects, whose scores are higher on average. Timed is what `PixelScores` does with them and reading the metrics, not
// the making of the maps.
import { parseArgs } from "node:util";
import { auroc, averagePrecision, f1Max, PixelScores, proArea } from "../dist/evaluate/metrics/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { side: { type: "string", default: "256" } },
});
const side = Number(values.side);
const maps = Math.ceil(Number(positionals[0] ?? 1e8) / side ** 2);
const pixels = maps * side ** 2;
let state = 1;

const scores = new PixelScores();
let counting = 0;
for (let i = 0; i < maps; i++) {
  const { map, mask } = image(i % 2 === 1);
  const start = performance.now();
  scores.add(map, mask);
  counting += performance.now() - start;
  if (i % 1000 === 999) console.error(`${i + 1}/${maps} maps, ${(counting / 1000).toFixed(0)} s`);
}
const start = performance.now();
const curve = scores.curve();
const metrics = {
  "pixel AUROC": auroc(curve),
  "average precision": averagePrecision(curve),
  "F1-max": f1Max(curve),
  "AUPRO 0.3": proArea(curve, 0.3),
  "AUPRO 0.05": proArea(curve, 0.05),
};
const reading = performance.now() - start;

console.log(`${pixels} pixels in ${maps} maps of ${side} × ${side}`);
console.log(
  `counted in ${(counting / 1000).toFixed(0)} s, ${((1000 * counting) / pixels).toFixed(2)} µs each; metrics read in ${(reading / 1000).toFixed(1)} s`,
);
console.log(
  `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB at the peak; ${scores.scoreBits} of 32 bits of a score`,
);
for (const [name, { value, bound }] of Object.entries(metrics))
  console.log(`${name} ${(value ?? 0).toFixed(6)}, off by at most ${bound.toExponential(1)}`);

/** A map and where it is defective. */
function image(defective) {
  const data = new Float32Array(side * side);
  for (let i = 0; i < data.length; i++) data[i] = (random() + random()) / 2;
  const mask = new Uint8Array(side * side);
  for (let n = 0; defective && n < 3; n++) {
    const size = 4 + Math.floor(random() * (side / 8));
    const [x, y] = [random(), random()].map((place) => Math.floor(place * (side - size)));
    for (let row = y; row < y + size; row++) {
      for (let column = x; column < x + size; column++) {
        data[row * side + column] = Math.sqrt(random());
        mask[row * side + column] = 1;
      }
    }
  }
  const size = { width: side, height: side };
  return { map: { data, ...size }, mask: { data: mask, ...size } };
}

/** 0 … 1 by a xorshift: fast, and the same each time. */
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}
