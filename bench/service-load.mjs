// What becomes of ten thousand requests at once, and what does HTTP cost beside a stream in the same process?
//
//   node bench/service-load.mjs [--requests 10000] [--seconds 5] [--write-docs]
//
// `uflow serve` with its defaults in a process of its own, and models that were never trained. First a second process sends
// all requests at once, each on its own connection, and counts what comes back: small images, then such as are more bytes
// together than the service takes on (--bodies-limit). Then wrk asks again as soon as it is answered, where it is installed;
// and short requests are timed while long ones of JSON are answered.
// Both processes open as many files as there are requests: `ulimit -n`. Two minutes.
import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import sharp from "sharp";
import { Inspector } from "../dist/index.js";
import { Random } from "../dist/random.js";
import { latencyOf } from "../dist/speed/streaming.js";
import { writeUntrainedModel } from "../dist/speed/untrained-model.js";
import { serve } from "./drivers/service.mjs";
import { whole } from "./options.mjs";
import { writePart } from "./report/docs.mjs";
import { busyNote, machine } from "./report/machine.mjs";
import { alignedTable, pipeTable } from "./report/table.mjs";

const clients = fileURLToPath(new URL("./peers/all-at-once.mjs", import.meta.url));
const models = [
  { name: "tiny", model: { inputSize: 64, flowSteps: 1 }, side: 64 },
  { name: "mobile", model: { inputSize: 256, flowSteps: 4 }, side: 256 },
];
/** Of wrk: as many as a stream has under way, and many. */
const connections = [4, 64];

const options = new Command("service-load")
  .description("Measures the service under more requests than it can answer, and beside a stream.")
  .option("--requests <number>", "sent at once", whole, 10_000)
  .option("--seconds <number>", "of each measurement of throughput", whole, 5)
  .option("--write-docs", "put the results into docs/performance.md")
  .parse()
  .opts();

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
checkOpenFiles();
const hasWrk = spawnSync("wrk", ["--version"]).error === undefined;
if (!hasWrk) console.error("service-load: wrk is not installed: throughput over HTTP is not measured");

const measuredOn = machine();
const folder = await mkdtemp(join(tmpdir(), "uflow-service-load-"));
const atOnce = [];
const throughput = [];
const beside = [];
try {
  for (const each of models) {
    const own = join(folder, each.name);
    await mkdir(own);
    const file = await writeUntrainedModel(own, each.model);
    const image = await noise(own, each.side);
    if (each.name === "tiny") {
      atOnce.push(await allAtOnce(file, "small images", image));
      atOnce.push(await allAtOnce(file, "too many bytes", await noise(own, 192)));
    } else beside.push(...(await besideJson(file)));
    throughput.push(...(await throughputOf(each.name, file, image)));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
report();

function report() {
  const { processor, cores, memoryGiB, system, node } = measuredOn;
  const parts = (table) => [
    `Machine: ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}; Node ${node}${busyNote(measuredOn)}.`,
    table([
      [
        "at once",
        "image",
        "requests",
        "200",
        "429",
        "503",
        "others",
        "no answer",
        "seconds",
        "MB before",
        "MB at most",
      ],
      ...atOnce,
    ]),
    table([["model", "how", "images/s", "p50", "p99", "not 200"], ...throughput]),
    table([["a short request beside", "p50", "p99", "longest"], ...beside]),
  ];
  console.log(parts(alignedTable).join("\n\n"));
  if (options.writeDocs) writePart("service-load", parts(pipeTable).join("\n\n"));
}

async function allAtOnce(model, name, { path, bytes }) {
  console.error(`service-load: ${options.requests} requests at once: ${name}`);
  const service = await serve(model);
  // The first inspection is slower than all others.
  await fetch(`${service.url}/v1/inspect`, {
    method: "POST",
    body: bytes,
    headers: { "content-type": "image/png" },
  });
  const before = service.memory("VmRSS");
  const asking = spawn(process.execPath, [clients, service.url, path, String(options.requests)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { statuses, errors, seconds } = JSON.parse(await text(asking.stdout));
  const most = service.memory("VmHWM");
  await service.stop();
  const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
  const expected = [200, 429, 503].map((status) => statuses[status] ?? 0);
  const others = total(statuses) - total(expected);
  if (total(errors) + others > 0) console.error(`service-load: ${JSON.stringify({ statuses, errors })}`);
  if (total(errors) > 0) process.exitCode = 1;
  const size = `${(bytes.length / 1000).toFixed(0)} kB`;
  const counts = [options.requests, ...expected, others, total(errors)].map(String);
  return [name, size, ...counts, seconds.toFixed(1), ...[before, most].map((mb) => mb.toFixed(0))];
}

async function throughputOf(name, model, image) {
  const rows = [[name, "Inspector.stream", ...(await streamed(model, image.bytes))]];
  if (!hasWrk) return rows;
  const service = await serve(model);
  for (const count of connections) {
    console.error(`service-load: ${name}: wrk with ${count} connections`);
    rows.push(["", `HTTP, ${count} connections`, ...(await asked(service.url, image.path, count))]);
  }
  await service.stop();
  return rows;
}

/** Images are decoded in both ways, and each has one lane. */
async function streamed(model, bytes) {
  const inspector = await Inspector.open(model, { device: "cpu" });
  const run = async (milliseconds) => {
    const start = performance.now();
    function* camera() {
      while (performance.now() - start < milliseconds) yield bytes;
    }
    const times = [];
    for await (const { timings } of inspector.stream(camera())) times.push(timings.total);
    return { rate: (1000 * times.length) / (performance.now() - start), times };
  };
  await run(1000);
  const { rate, times } = await run(1000 * options.seconds);
  await inspector.close();
  const { p50, p99 } = latencyOf(times);
  return [rate.toFixed(0), `${p50.toFixed(1)} ms`, `${p99.toFixed(1)} ms`, "0"];
}

async function asked(url, image, count) {
  const script = join(folder, "post.lua");
  await writeFile(
    script,
    `wrk.method = "POST"
wrk.headers["Content-Type"] = "image/png"
local file = io.open(${JSON.stringify(image)}, "rb")
wrk.body = file:read("*a")
file:close()
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
`,
  );
  const wrk = (seconds) =>
    spawn("wrk", [
      "-t1",
      `-c${count}`,
      `-d${seconds}s`,
      "--timeout",
      "30s",
      "-s",
      script,
      `${url}/v1/inspect`,
    ]);
  await text(wrk(1).stdout);
  const output = await text(wrk(options.seconds).stdout);
  const found = /^RESULT (.*)$/m.exec(output);
  if (!found) throw new Error(`wrk says: ${output}`);
  const [requests, duration, p50, p99, failed] = found[1].split(" ").map(Number);
  const milliseconds = (micro) => `${(micro / 1000).toFixed(1)} ms`;
  return [((1e6 * requests) / duration).toFixed(0), milliseconds(p50), milliseconds(p99), String(failed)];
}

/** A megapixel as a list of numbers; all maps come back as such. */
async function besideJson(model) {
  console.error("service-load: short requests beside JSON");
  const service = await serve(model);
  const shape = [1024, 1024, 1];
  const data = Array.from({ length: 1024 * 1024 }, (_, i) => (i * 7919) % 251);
  const body = JSON.stringify({ inputs: [{ name: "image", datatype: "UINT8", shape, data }] });
  const url = `${service.url}/v2/models/${basename(model, ".uflow")}/infer`;
  const ask = async () => {
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  };
  await ask();
  let asked = 0;
  const rows = [
    ["nothing", ...(await timesBeside(service.url, () => sleep(1000)))],
    [
      "1024² pixels as JSON, one after the other",
      ...(await timesBeside(service.url, async () => {
        for (; asked < 10; asked++) await ask();
      })),
    ],
  ];
  await service.stop();
  return rows;
}

/** What a short request takes while something else goes on. */
async function timesBeside(url, work) {
  const times = [];
  let going = true;
  const ask = async () => {
    while (going) {
      const start = performance.now();
      await (await fetch(`${url}/v2/health/live`)).arrayBuffer();
      times.push(performance.now() - start);
      await sleep(2);
    }
  };
  const asking = ask();
  await work();
  going = false;
  await asking;
  const { p50, p99 } = latencyOf(times);
  return [p50, p99, Math.max(...times)].map((time) => `${time.toFixed(1)} ms`);
}

/** An image that cannot be compressed, always the same. */
async function noise(folder, side) {
  const random = new Random(side);
  const pixels = Uint8Array.from({ length: 3 * side * side }, () => random.below(256));
  const path = join(folder, `${side}.png`);
  await writeFile(
    path,
    await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toBuffer(),
  );
  return { path, bytes: await readFile(path) };
}

/** Node opens as many files as the hard limit allows. */
function checkOpenFiles() {
  const { stdout } = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" });
  const limit = stdout?.trim() === "unlimited" ? Number.POSITIVE_INFINITY : Number(stdout);
  if (options.requests + 200 <= limit) return;
  console.error(
    `service-load: ${options.requests} connections need more open files than ${limit}: ulimit -n`,
  );
  process.exit(2);
}
