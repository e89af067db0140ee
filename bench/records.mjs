// What does it cost to keep records: how many per second the audit store takes, beside a bare loop of transactions, and how late
// it makes the event loop; and how many the folder of records takes, beside a bare loop that flushes files, and with pictures?
//
//   node bench/records.mjs [--records 10000] [--rate 200] [--folder DIR]
//
// Every way writes the same records, in transactions of as many, flushed to the disk by each. First as fast as it can;
// then so many per second as a busy line makes, while a timer measures how late it is. The lag without writing is that
// of the machine. The folder should be on the disk that is meant: in memory nothing waits for it.
import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import Database from "libsql";
import { openAuditStore, Recorder, writeToFolder } from "../dist/records/index.js";
import { makePart } from "../dist/sample/index.js";
import { alignedTable } from "./report/table.mjs";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "10000" },
    rate: { type: "string", default: "200" },
    folder: { type: "string", default: tmpdir() },
  },
});
const count = Number(values.records);
const rate = Number(values.rate);
/** As the audit store's. */
const batch = 64;
const seconds = 5;

const recorder = new Recorder();
const contour = Array.from({ length: 40 }, (_, i) => [
  100 + 20 * Math.cos(i / 6),
  100 + 20 * Math.sin(i / 6),
]);
const region = {
  ...{ logNfa: -12.345678, area: 1256, box: { x: 80, y: 80, width: 40, height: 40 } },
  ...{ centroid: { x: 100, y: 100 }, peak: { x: 101, y: 99, score: 0.987654 }, contour, holes: [] },
};
const outcome = {
  ...{ verdict: "anomalous", logNfa: -12.345678, anomalyScore: 0.987654, regions: [region] },
  ...{ image: { width: 1024, height: 1024 }, meanEnergies: [1.0123, 0.9876, 1.1234] },
  timings: {
    wait: 0.1234,
    decode: 5.1234,
    preprocess: 1.1234,
    network: 20.1234,
    segment: 1.5123,
    total: 28.1234,
  },
};
const settings = {
  operatingPoint: {
    epsilon: 1,
    logEpsilon: 0,
    nfa: "tree",
    tail: "exact",
    tests: "by-size",
    background: "calibrated",
  },
  ...{ options: { mapSize: 256 }, device: "cpu", engine: "0.0.0" },
};
const made = () =>
  recorder.record({
    ...{ outcome, settings, station: "press 1" },
    ...{
      image: { name: "part.png", sha256: "a".repeat(64) },
      model: { name: "disc", sha256: "b".repeat(64) },
    },
  });

const folder = await mkdtemp(join(values.folder, "uflow-bench-"));
try {
  const all = Array.from({ length: count }, made);
  const bytes = Math.round(JSON.stringify(all[0]).length);
  const bare = await perSecond("bare", (path) => bareLoop(path, all));
  const audit = await perSecond("audit", (path) => auditStore(path, all));
  console.log(`${count} records of ${bytes} bytes, ${batch} per transaction, synchronous = FULL`);
  console.log(
    alignedTable([
      ["", "records per second", "share"],
      ["bare loop: INSERT of the text", bare.toFixed(0), "1"],
      ["audit store: chain, indexes, in a thread", audit.toFixed(0), (audit / bare).toFixed(2)],
    ]),
  );
  await compareFolder();
  const idle = await lag(() => wait(seconds * 1000));
  const writing = await lag(paced);
  console.log(`\nLateness of a timer of 1 ms, at ${rate} records per second for ${seconds} s, milliseconds`);
  console.log(
    alignedTable([
      ["", "p50", "p99", "most"],
      ["without writing", ...idle],
      ["writing", ...writing],
    ]),
  );
} finally {
  await rm(folder, { recursive: true });
}

/** The best of three. */
async function perSecond(name, write, records = count) {
  const times = [];
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    await write(join(folder, `${name}${round}.db`));
    times.push(performance.now() - start);
  }
  return (records / Math.min(...times)) * 1000;
}

async function bareLoop(path, all) {
  const db = new Database(path);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("CREATE TABLE records (n INTEGER PRIMARY KEY, record TEXT)");
  const insert = db.prepare("INSERT INTO records (record) VALUES (?)");
  const add = db.transaction((some) => {
    for (const record of some) insert.run(JSON.stringify(record));
  });
  for (let i = 0; i < all.length; i += batch) add(all.slice(i, i + batch));
  db.close();
}

async function auditStore(path, all) {
  const store = await openAuditStore(path, { linger: 0, queueSize: all.length });
  await Promise.all(all.map((record) => store.write(record)));
  await store.close();
}

/** Files are flushed one by one, so these are fewer. */
async function compareFolder() {
  const all = Array.from({ length: Math.ceil(count / 20) }, made);
  const drawn = all.slice(0, Math.ceil(all.length / 4));
  const loop = await perSecond("loop", (path) => bareFiles(path, all), all.length);
  const plain = await perSecond("plain", (path) => filed(path, all), all.length);
  const pictures = await perSecond("pictures", (path) => filed(path, drawn, evidence()), drawn.length);
  console.log(
    `\n${all.length} records as files, each flushed; ${drawn.length} with pictures of 256 × 256 pixels`,
  );
  console.log(
    alignedTable([
      ["", "records per second", "share"],
      ["bare loop: write, flush, rename", loop.toFixed(0), "1"],
      ["folder of records", plain.toFixed(0), (plain / loop).toFixed(2)],
      ["with image, overlay and mask", pictures.toFixed(0), (pictures / loop).toFixed(2)],
    ]),
  );
}

async function bareFiles(path, all) {
  for (const [i, record] of all.entries()) {
    const file = await open(`${path}${i}.new`, "wx");
    await file.writeFile(JSON.stringify(record, null, 2));
    await file.sync();
    await file.close();
    await rename(`${path}${i}.new`, `${path}${i}.json`);
  }
}

async function filed(path, all, evidence) {
  const sink = await writeToFolder(path, { pictures: evidence ? "all" : "none", queueSize: all.length });
  await Promise.all(all.map((record) => sink.write(record, evidence)));
  await sink.close();
}

/** Of a part with a scratch. */
function evidence() {
  const side = 256;
  const { image, mask } = makePart("plate", { side, seed: 0, index: 0, defect: "scratch" });
  const map = (Type) => ({ data: new Type(side * side).fill(1), width: side, height: side });
  const size = { width: side, height: side };
  const inspection = {
    ...outcome,
    ...{ anomalous: true, model: "b".repeat(64), image: size, area: { x: 0, y: 0, ...size } },
    ...{ anomalyMap: map(Float32Array), logNfaMap: map(Float32Array), mask: { data: mask, ...size } },
  };
  return { image, inspection };
}

async function paced() {
  const store = await openAuditStore(join(folder, "paced.db"));
  const start = performance.now();
  for (let i = 0; i < rate * seconds; i++) {
    void store.write(made());
    await wait(start + ((i + 1) * 1000) / rate - performance.now());
  }
  await store.close();
}

/** How late a timer is while some work is done: median, 99th percentile, most. */
async function lag(work) {
  const late = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(Math.max(now - last - 1, 0));
    last = now;
  }, 1);
  await work();
  clearInterval(timer);
  late.sort((a, b) => a - b);
  return [0.5, 0.99, 1].map((share) => late[Math.ceil(share * late.length) - 1].toFixed(1));
}
