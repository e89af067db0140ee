import { Command } from "commander";
import type { ImportBackboneOptions } from "../backbone/import.js";
import type { OwnNetwork } from "../backbone/own/description.js";
import type {
  ListedBackbone,
  PullOptions,
  Store,
  StoredBackbone,
  StoredFile,
} from "../weights/store/index.js";
import { given, interruption, numeric, Progress, printJson, say, table } from "./terminal.js";

const own = "your own network:";
const listed = (text: string) => text.split(",");
const numbers = (text: string) => listed(text).map(numeric);

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
    .description("copy weights from files into the store: downloaded elsewhere, or a network of your own")
    .argument(
      "<file...>",
      "safetensors or PyTorch checkpoint (mcait takes two, CaiT-M48 first); your own: .onnx",
    )
    .requiredOption("--as <name>", "name of a backbone: one that can be pulled, or a new one for your own")
    .option(
      "--outputs <names>",
      `${own} its feature maps, by name, with commas (default: its outputs)`,
      listed,
    )
    .option("--mean <r,g,b>", `${own} subtracted from colours in 0 … 1 (default: ImageNet's)`, numbers)
    .option("--std <r,g,b>", `${own} what they are then divided by (default: ImageNet's)`, numbers)
    .option(
      "--input-size <pixels>",
      `${own} side on which it is tried (default: 256, or its only one)`,
      numeric,
    )
    .option("--json", "print one JSON document on stdout")
    .addHelpText(
      "after",
      "\nA network of your own takes images [batch, 3, height, width] of float32, of any batch. Its feature maps [batch, channels, height, width] halve from one to the next; they may be values inside of it.\n\nExample:\n  uflow backbone import model.safetensors --as resnet18\n  uflow backbone import net.onnx --as mynet --outputs layer1,layer2,layer3 --input-size 256",
    )
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
  const { embeddedNames } = await import("../weights/store/known.js");
  const { openBackboneStore } = await import("../backbone/stored.js");
  const store = openBackboneStore();
  const backbones = await store.list();
  if (json) return printJson({ home: store.home, backbones: [...embeddedNames.map(embedded), ...backbones] });
  const { ownNetworkOf } = await import("../backbone/own/description.js");
  const rows = [
    ...embeddedNames.map((name) => [name, "built in", "", "", ""]),
    ...backbones.flatMap((backbone) => rowsOf(backbone, ownNetworkOf(backbone.metadata))),
  ];
  process.stdout.write(`${table(rows)}\n`);
  for (const { problem } of backbones) if (problem !== undefined) say(problem);
}

function rowsOf(
  { name, origin, state, files, urls }: ListedBackbone,
  network: OwnNetwork | undefined,
): string[][] {
  if (state === "damaged") return [[name, "damaged", "", "", ""]];
  if (state === "available") return urls.map((url, i) => [...first(i, name, "can be pulled"), "", "", url]);
  const stands = origin === "hub" ? "in the store" : "your own";
  const rows = files.map((file, i) => [...first(i, name, stands), ...cellsOf(file)]);
  return network ? [...rows, ["", "", "", "", mapsOf(network)]] : rows;
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
  const { isEmbedded } = await import("../weights/store/known.js");
  const { openBackboneStore } = await import("../backbone/stored.js");
  const store = openBackboneStore();
  const pulled: StoredBackbone[] = [];
  for (const name of new Set(names)) {
    if (isEmbedded(name)) say(`${name} is built in: there is nothing to download`);
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

interface ImportFlags extends ImportBackboneOptions {
  json?: boolean;
}

async function runImport(files: string[], { json, ...flags }: ImportFlags): Promise<void> {
  const { importBackbone } = await import("../backbone/import.js");
  const { ownNetworkOf } = await import("../backbone/own/description.js");
  const { openBackboneStore } = await import("../backbone/stored.js");
  const store = openBackboneStore();
  const backbone = await importBackbone(files, given(flags), store);
  if (json) printJson({ home: store.home, backbones: [backbone] });
  report(backbone);
  const network = ownNetworkOf(backbone.metadata);
  if (network) say(`  ${mapsOf(network)}`);
  say(`Next: uflow train --data DIR --out part.uflow --backbone ${backbone.name}`);
}

/** What a network of the user's own makes of an image, in words. */
function mapsOf({ outputs, strides, channels, inputSize, fixedInputSize }: OwnNetwork): string {
  const sizes = `${inputSize} × ${inputSize} pixels${fixedInputSize ? "" : " or others"}`;
  const maps = outputs.map((name, i) => `${name} (stride ${strides[i]}, ${channels[i]} channels)`);
  return `${sizes} → ${maps.join(", ")}`;
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
