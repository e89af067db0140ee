// Inspects each picture that appears in a folder, and writes NAME.json and NAME.overlay.png:
//   node examples/folder-watcher.mjs [MODEL] [FOLDER] [RESULTS]
// Pictures that lie there already and have no result are inspected too. Ctrl-C ends it when what it took is written.
import { watch } from "node:fs";
import { mkdir, readdir, rename, stat, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { drawOverlay, Inspector } from "uflow";

const [model = "uflow-demo/plate.uflow", folder = "examples/out/incoming", results = "examples/out/results"] =
  process.argv.slice(2);

const kinds = [".avif", ".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"];

/**
 * A picture is told of as soon as its first bytes are there. It is taken for complete when size and time of the file stay as
 * they are for so many milliseconds. Where the program that writes is yours, write under another name and rename: what
 * appears is then complete.
 */
const quiet = 300;

/** The folder is looked through so often, milliseconds, whatever is told: network drives tell nothing. */
const patience = 2000;

await mkdir(folder, { recursive: true });
await mkdir(results, { recursive: true });
const inspector = await Inspector.open(model);
let stopped = false;
let wake = () => {};
const watcher = watch(folder, () => wake());
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    stopped = true;
    wake();
  });
}

console.log(`Watching ${folder}`);
/** The names of the pictures under way, in the order of the stream. */
const underWay = [];
for await (const outcome of inspector.stream(pictures())) {
  const name = underWay.shift();
  await writeResult(name, outcome);
  console.log(`${outcome.verdict.padEnd(9)} ${name}`);
}
watcher.close();
await inspector.close();

/** Paths of pictures that are complete and have no result, until the program is stopped. */
async function* pictures() {
  const written = (await readdir(results)).filter((file) => file.endsWith(".json"));
  const done = new Set(written.map((file) => file.slice(0, -".json".length)));
  const growing = new Map();
  while (!stopped) {
    for (const name of await complete(growing, done)) {
      if (stopped) return;
      done.add(name);
      underWay.push(name);
      yield join(folder, name);
    }
    await (growing.size > 0 ? delay(quiet) : change());
  }
}

/** Names of new files that are as they were when last looked at; the others are remembered in `growing`. */
async function complete(growing, done) {
  const found = (await readdir(folder)).filter((name) => kinds.includes(extname(name).toLowerCase()));
  const before = new Map(growing);
  growing.clear();
  const names = [];
  for (const name of found.filter((name) => !done.has(name)).sort()) {
    const now = await stateOf(join(folder, name));
    if (now !== undefined && now === before.get(name)) names.push(name);
    else if (now !== undefined) growing.set(name, now);
  }
  return names;
}

async function stateOf(path) {
  try {
    const { size, mtimeMs } = await stat(path);
    return `${size} ${mtimeMs}`;
  } catch {
    return undefined; // gone again
  }
}

/** Settles when something happened in the folder. */
async function change() {
  const timer = new AbortController();
  const told = new Promise((resolve) => {
    wake = resolve;
  });
  await Promise.race([told, delay(patience, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}

/** The JSON comes last: a picture that has it is done. */
async function writeResult(name, outcome) {
  const { anomalyMap, logNfaMap, mask, frame, ...verdict } = outcome;
  const path = join(results, name);
  if (outcome.verdict !== "undecided") await writeOverlay(name, outcome);
  await replace(`${path}.json`, JSON.stringify(verdict, null, 2));
}

/** There is none of a picture that was taken away meanwhile. */
async function writeOverlay(name, inspection) {
  try {
    const overlay = await drawOverlay(join(folder, name), inspection);
    await replace(join(results, `${name}.overlay.png`), overlay);
  } catch (error) {
    if (error.code !== "ERR_UFLOW_BAD_IMAGE") throw error;
  }
}

/** Whoever reads the results never sees half a file either. */
async function replace(path, content) {
  await writeFile(`${path}.partial`, content);
  await rename(`${path}.partial`, path);
}
