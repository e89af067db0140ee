// What does it save to run backbone and flow as one network, and to share a backbone among models?
//
//   node bench/one-graph.mjs [FILE.uflow] [--threads 2] [--seconds 10] [--models 3]
//
// Without a file, a model of the embedded backbone is trained for one epoch on generated parts. Times are the least of
// many, taken in turns in one process. Memory is what a process of its own holds beyond one that has only loaded the
// library, after 20 images: resident set, MB.
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Inspector, readModel, train } from "../dist/index.js";
import { Network } from "../dist/inspect/network.js";
import { writeLine } from "../dist/sample/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "2" },
    seconds: { type: "string", default: "10" },
    models: { type: "string", default: "3" },
    memory: { type: "string" },
  },
});
const threads = Number(values.threads);
const count = Number(values.models);
const cpu = { device: "cpu", threads };
const networks = { "two sessions": { ...cpu, composeLimit: 0 }, "one network": cpu };

/** Ways to hold models; each returns how to inspect an image. */
const holders = {
  nothing: async () => () => {},
  ...Object.fromEntries(
    Object.entries(networks).map(([name, options]) => [
      name,
      async (file) => {
        const network = await Network.open(await readModel(file), options);
        const image = await imageOf(file);
        return () => network.run([image]);
      },
    ]),
  ),
  "inspectors opened one by one": async (file) => {
    const inspectors = [];
    for (let i = 0; i < count; i++) inspectors.push(await Inspector.open(file, cpu));
    return inspectAll(inspectors);
  },
  "inspectors opened together": async (file) =>
    inspectAll(
      await Inspector.openAll(
        Array.from({ length: count }, () => file),
        cpu,
      ),
    ),
};

function inspectAll(inspectors) {
  const side = inspectors[0].manifest.inputSize;
  const image = { data: new Uint8Array(3 * side * side).fill(128), width: side, height: side, channels: 3 };
  return async () => {
    for (const inspector of inspectors) await inspector.inspect(image);
  };
}

async function imageOf(file) {
  const { inputSize } = (await readModel(file)).manifest;
  return Float32Array.from({ length: 3 * inputSize ** 2 }, (_, i) => ((i * 7919) % 255) / 255);
}

if (values.memory) {
  const inspect = await holders[values.memory](positionals[0]);
  for (let i = 0; i < 20; i++) await inspect();
  globalThis.gc();
  console.log(process.memoryUsage.rss() / 1e6);
  process.exit(0);
}

const scratch = await mkdtemp(join(tmpdir(), "uflow-one-graph-"));
try {
  const file = positionals[0] ?? (await quickModel(scratch));
  await time(file);
  memory(file);
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function quickModel(folder) {
  const data = join(folder, "line");
  const output = join(folder, "model.uflow");
  await writeLine(data, "plate", { train: 8, good: 1, perDefect: 0 });
  await train({ data, output, epochs: 1 });
  return output;
}

async function time(file) {
  const model = await readModel(file);
  const image = await imageOf(file);
  const rows = [];
  for (const [name, options] of Object.entries(networks)) {
    const start = performance.now();
    const network = await Network.open(model, options);
    rows.push({ name, network, open: performance.now() - start, best: Number.POSITIVE_INFINITY });
  }
  const end = performance.now() + 1000 * Number(values.seconds);
  while (performance.now() < end) {
    for (const row of rows) {
      const start = performance.now();
      await row.network.run([image]);
      row.best = Math.min(row.best, performance.now() - start);
    }
  }
  console.log(`${file}, ${threads} threads: backbone and flow, one image`);
  for (const { name, open, best, network } of rows) {
    const ratio = (best / rows[0].best).toFixed(3);
    console.log(`  ${name.padEnd(30)} ${best.toFixed(2)} ms  ×${ratio}  opened in ${open.toFixed(0)} ms`);
    await network.close();
  }
}

function memory(file) {
  const held = (name) => {
    const script = fileURLToPath(import.meta.url);
    const options = ["--memory", name, "--threads", values.threads, "--models", values.models];
    return Number(
      execFileSync(process.execPath, ["--expose-gc", script, file, ...options], { encoding: "utf8" }),
    );
  };
  const empty = held("nothing");
  console.log(`memory beyond the ${empty.toFixed(0)} MB of the loaded library; inspectors are ${count}`);
  for (const name of Object.keys(holders).slice(1)) {
    console.log(`  ${name.padEnd(30)} ${(held(name) - empty).toFixed(0)} MB`);
  }
}
