// How long do the backbones of the paper take on the CPU, beside the same networks in PyTorch?
//
//   node bench/backbones.mjs [--networks resnet18,wide_resnet50_2,mcait] [--batches 1,8] [--threads 2] [--rounds 5] [--python python3]
//
// Random weights, images of 448 pixels, features only. Both take turns; reported per network are the fastest run and the
// least processor time of a run (all threads together, less disturbed by other work on the machine) and, for ours, the
// time and the largest resident memory of building the network and of opening it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { backboneOf, imageName } from "../dist/backbone/index.js";
import { Session } from "../dist/onnx/session.js";
import { Random } from "../dist/random.js";

const side = 448;
const { values } = parseArgs({
  options: {
    networks: { type: "string", default: "resnet18,wide_resnet50_2,mcait" },
    batches: { type: "string", default: "1,8" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "5" },
    python: { type: "string", default: "python3" },
  },
});
const numbers = (list) => list.split(",").map(Number);
const [threads] = numbers(values.threads);
const [rounds] = numbers(values.rounds);

for (const name of values.networks.split(",")) {
  const session = await openNetwork(name);
  for (const batch of numbers(values.batches)) {
    // One run of the transformers holds gigabytes of attention maps per eight images.
    if (name === "mcait" && batch > 1) continue;
    const ours = await oursIn(session, batch);
    const peer = torchIn(name, batch);
    report(`${name}, batch ${batch}, ${threads} threads`, { ours, peer });
  }
  await session.close();
}

async function openNetwork(name) {
  const folder = mkdtempSync(join(tmpdir(), "uflow-bench-"));
  const backbone = backboneOf(name);
  const start = performance.now();
  const network = await backbone.network(side, randomWeights(backbone.weights), folder);
  const built = performance.now();
  console.log(`${name}: built in ${seconds(built - start)}, ${peakMemory()} at most`);
  const session = await Session.create(network, { device: "cpu", threads, weightsFolder: folder });
  console.log(`${name}: opened in ${seconds(performance.now() - built)}, ${peakMemory()} at most`);
  rmSync(folder, { recursive: true });
  return session;
}

/** As wide as the initial weights of PyTorch; variances and scales near 1. */
function randomWeights({ shapes }) {
  const random = new Random(1);
  return {
    shapes,
    async read(name) {
      const shape = shapes.get(name);
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      const inputs = shape.slice(1).reduce((product, size) => product * size, 1);
      const [low, high] =
        shape.length > 1
          ? [-Math.sqrt(3 / inputs), Math.sqrt(3 / inputs)]
          : /var|weight/.test(name)
            ? [0.8, 1.2]
            : [0, 0.1];
      for (let i = 0; i < data.length; i++) data[i] = random.between(low, high);
      return data;
    },
  };
}

async function oursIn(session, batch) {
  const random = new Random(2);
  const data = Float32Array.from({ length: batch * 3 * side * side }, () => random.normal());
  const best = { seconds: Number.POSITIVE_INFINITY, processorSeconds: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const before = process.cpuUsage();
    await session.run({ [imageName]: { data, dims: [batch, 3, side, side] } });
    const { user, system } = process.cpuUsage(before);
    best.seconds = Math.min(best.seconds, (performance.now() - start) / 1e3);
    best.processorSeconds = Math.min(best.processorSeconds, (user + system) / 1e6);
  }
  return best;
}

function torchIn(name, batch) {
  const script = fileURLToPath(new URL("peers/torch_backbones.py", import.meta.url));
  return JSON.parse(
    execFileSync(values.python, [script, name, batch, threads, rounds], { encoding: "utf8" }),
  );
}

function report(what, { ours, peer }) {
  const line = (kind) =>
    `${seconds(ours[kind] * 1e3)} against ${seconds(peer[kind] * 1e3)}, × ${(peer[kind] / ours[kind]).toFixed(2)}`;
  console.log(`${what}: ${line("seconds")}; of processors ${line("processorSeconds")}`);
}

function seconds(milliseconds) {
  return `${(milliseconds / 1e3).toFixed(3)} s`;
}

function peakMemory() {
  return `${Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1e3)} MB`;
}
