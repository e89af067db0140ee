// What does float16 cost in exactness and time, against float32?
//
//   node bench/precision.mjs FILE.uflow IMAGE … [--device cpu] [--threads 2] [--runs 20]
//
// Per image: largest relative difference of an energy, largest difference of log NFA, IoU of the masks, and the least time
// of so many runs of the network, milliseconds, in both precisions.
import { parseArgs } from "node:util";
import { segment } from "../dist/a-contrario/index.js";
import { anomalyMapOf } from "../dist/anomaly-map/index.js";
import { decodeImage } from "../dist/image/decode.js";
import { preprocess } from "../dist/image/preprocess.js";
import { readModel } from "../dist/index.js";
import { Network } from "../dist/inspect/network.js";
import { parity } from "../dist/inspect/parity.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: "string", default: "cpu" },
    threads: { type: "string", default: "2" },
    runs: { type: "string", default: "20" },
  },
});
const [file, ...images] = positionals;
const model = await readModel(file);
const { inputSize, mapSize, preprocessing } = model.manifest;
const options = { device: values.device, threads: Number(values.threads) };
const networks = [];
for (const precision of ["float32", "float16"]) {
  networks.push(await Network.open(model, { ...options, precision }));
}

console.log("energy    logNfa    IoU     float32   float16   image");
for (const path of images) {
  const frame = await decodeImage(path);
  const input = preprocess(frame, { width: inputSize, height: inputSize, ...preprocessing });
  const [exact, half] = [await outcome(networks[0], input), await outcome(networks[1], input)];
  const { energy, logNfa, maskIou } = parity(exact, half);
  const cells = [
    energy.toExponential(1),
    logNfa.toFixed(3),
    maskIou.toFixed(3),
    exact.time.toFixed(2),
    half.time.toFixed(2),
  ];
  console.log(cells.map((cell) => cell.padEnd(9)).join(" "), path);
}
for (const network of networks) await network.close();

async function outcome(network, input) {
  let time = Number.POSITIVE_INFINITY;
  for (let i = 0; i < Number(values.runs); i++) {
    const start = performance.now();
    await network.run(input);
    time = Math.min(time, performance.now() - start);
  }
  const { energies } = await network.run(input);
  const point = { epsilon: 1, tail: "exact", tests: "per-scale" };
  const { logNfaMap, mask } = segment(energies, anomalyMapOf(energies, mapSize), point);
  return { energies, logNfaMap, mask: { data: mask, width: mapSize, height: mapSize }, time };
}
