import { Command } from "commander";
import type {
  ListedBackbone,
  PullOptions,
  Store,
  StoredBackbone,
  StoredFile,
} from "../weights/store/index.js";
import { given, interruption, Progress, printJson, say, table } from "./terminal.js";

export function backboneCommand(): Command {
  const list = new Command("list")
    .description("list the backbones: built in, in the store, and to be downloaded")
    .option("--json", "print one JSON document on stdout")
    .addHelpText("after", "\nExample:\n  uflow backbone list")
    .action(runList);
  const pull = new Command("pull")
    .description("download the weights of backbones from the model hub; goes on where it was stopped")
    .argument("<name...>", "resnet18, wide_resnet50_2 or mcait")
    .option("--host <url>", "the hub or a mirror of it (default: $HF_ENDPOINT or https://huggingface.co)")
    .option("--offline", "do not use the network; fail if something is missing")
    .option("--json", "print one JSON document on stdout")
    .addHelpText(
      "after",
      "\nProxies are taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY; weights are kept in the cache folder, or in UFLOW_HOME.\n\nExample:\n  uflow backbone pull resnet18",
    )
    .action(runPull);
  const imported = new Command("import")
    .description("copy weights from files into the store: downloaded elsewhere, or your own")
    .argument("<file...>", "safetensors, PyTorch checkpoint or .onnx; mcait takes two, CaiT-M48 first")
    .requiredOption("--as <name>", "name of a backbone: one that can be pulled, or a new one")
    .option("--json", "print one JSON document on stdout")
    .addHelpText("after", "\nExample:\n  uflow backbone import model.safetensors --as resnet18")
    .action(runImport);
  return new Command("backbone")
    .description("list, download and import the weights of image networks")
    .addCommand(list)
    .addCommand(pull)
    .addCommand(imported)
    .addHelpText("after", "\nExample:\n  uflow backbone list\n  uflow backbone pull resnet18 --json");
}

/** What comes with the engine is nothing that the store holds. */
const embedded = (name: string) => ({ name, origin: "embedded", state: "present", urls: [], files: [] });

async function runList({ json }: { json?: boolean }): Promise<void> {
  const { openStore, embeddedNames } = await import("../weights/store/index.js");
  const store = openStore();
  const backbones = await store.list();
  if (json) return printJson({ home: store.home, backbones: [...embeddedNames.map(embedded), ...backbones] });
  const rows = [...embeddedNames.map((name) => [name, "built in", "", "", ""]), ...backbones.flatMap(rowsOf)];
  process.stdout.write(`${table(rows)}\n`);
  for (const { problem } of backbones) if (problem !== undefined) say(problem);
}

function rowsOf({ name, origin, state, files, urls }: ListedBackbone): string[][] {
  if (state === "damaged") return [[name, "damaged", "", "", ""]];
  if (state === "available") return urls.map((url, i) => [...first(i, name, "can be pulled"), "", "", url]);
  const stands = origin === "hub" ? "in the store" : "your own";
  return files.map((file, i) => [...first(i, name, stands), ...cellsOf(file)]);
}

/** Said once, in the first row of a backbone. */
const first = (row: number, ...cells: string[]) => (row === 0 ? cells : cells.map(() => ""));

const cellsOf = ({ bytes, sha256, path }: StoredFile) => [megabytes(bytes), `${sha256.slice(0, 16)}…`, path];

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

interface PullFlags extends Pick<PullOptions, "host" | "offline"> {
  json?: boolean;
}

async function runPull(names: string[], { json, ...flags }: PullFlags): Promise<void> {
  const signal = interruption();
  const { openStore, embeddedNames } = await import("../weights/store/index.js");
  const store = openStore();
  const pulled: StoredBackbone[] = [];
  for (const name of new Set(names)) {
    if (embeddedNames.includes(name)) say(`${name} is built in: there is nothing to download`);
    else pulled.push(await pullOne(store, name, given({ ...flags, signal })));
  }
  if (json) printJson({ home: store.home, backbones: pulled });
  for (const backbone of pulled) report(backbone);
}

async function pullOne(store: Store, name: string, options: PullOptions): Promise<StoredBackbone> {
  let bar: Progress | undefined;
  let barOf = -1;
  const stop = () => bar?.stop();
  try {
    return await store.pull(name, {
      ...options,
      onProgress({ file, files, done, total }) {
        if (file !== barOf) {
          stop();
          bar = new Progress(files === 1 ? name : `${name} ${file + 1} of ${files}`);
          barOf = file;
        }
        if (total)
          bar!.update(Math.floor((100 * done) / total), 100, `${megabytes(done)} of ${megabytes(total)}`);
      },
      onRetry: (reason, delay) => say(`${name}: ${reason}; trying again in ${(delay / 1000).toFixed(1)} s`),
    });
  } finally {
    stop();
  }
}

async function runImport(files: string[], { as, json }: { as: string; json?: boolean }): Promise<void> {
  const { openStore } = await import("../weights/store/index.js");
  const store = openStore();
  const backbone = await store.import(files, { as });
  if (json) printJson({ home: store.home, backbones: [backbone] });
  report(backbone);
}

const vouched: Record<StoredFile["checkedAgainst"], string> = {
  server: "as the server named it",
  "first-use": "nobody vouches for it; held to from now on",
};

function report({ name, files }: StoredBackbone): void {
  for (const { kind, bytes, sha256, checkedAgainst, path } of files) {
    say(`${name}: ${kind}, ${megabytes(bytes)}, SHA-256 ${sha256} (${vouched[checkedAgainst]})`);
    say(`  ${path}`);
  }
}
