/** Where backbones and their weights in the store meet: what may enter, what is found by name, networks built of it. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { messageOf, UflowError } from "../error.js";
import {
  type CheckFile,
  embeddedNames,
  openStore,
  type Store,
  type StoredBackbone,
} from "../weights/store/index.js";
import { openWeights, type WeightFile } from "../weights/weight-file.js";
import {
  type Backbone,
  backboneOf,
  checkWeights,
  featureScales,
  isBackboneName,
  joinWeights,
  missingWeights,
  type Weights,
  wantedUnder,
} from "./index.js";
import { type FiledNetwork, keptNetwork } from "./network-cache.js";
import { ownBackbone } from "./own/index.js";

/** What a backbone is made from. Plain data, which can be sent to a thread. */
export interface BackboneSource {
  name: string;
  /** The folder of the store. */
  home: string;
  /** Undefined where all of it comes with the engine. */
  stored?: StoredBackbone | undefined;
}

/** A network as ONNX; with a file of weights where those are too large for it. */
export type BackboneNetwork = { network: Uint8Array } & Partial<FiledNetwork>;

/** The weights store, which takes only what a backbone can be built from. @param home default: see `cacheHome` */
export function openBackboneStore(home?: string): Store {
  return openStore(home, checkFile);
}

/** The names of all backbones: those that the engine knows, then the user's own. @throws UflowError ERR_UFLOW_BAD_WEIGHTS. */
export async function allBackboneNames(store: Store): Promise<string[]> {
  return [...embeddedNames, ...(await store.list()).map(({ name }) => name)];
}

/**
 * Finds what a backbone is made from and holds it to its checksums (some seconds per gigabyte) and to what is wanted.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when it is not in the store, damaged, or not what the backbone is built from;
 * the message says how to get it.
 */
export async function findBackbone(name: string, store: Store): Promise<BackboneSource> {
  const known = isBackboneName(name) ? backboneOf(name) : undefined;
  if (known && !known.weights) return { name, home: store.home };
  const stored = await store.find(name);
  if (!stored) throw known ? missingWeights(known) : missingBackbone(name);
  if (known) await withWeights(known, stored, async (weights) => checkWeights(weights, known.weights!));
  return { name, home: store.home, stored };
}

/** @throws UflowError ERR_UFLOW_BAD_WEIGHTS when what is stored of a user's own backbone cannot be read. */
export function backboneFrom({ name, stored }: BackboneSource): Backbone {
  if (isBackboneName(name)) return backboneOf(name);
  if (!stored) throw missingBackbone(name);
  return ownBackbone(stored);
}

/**
 * The network for square images of this side. One with a file of weights is built once and kept in the store, in
 * `networks/`; that takes half a minute and, in memory, one tensor at a time.
 * @throws UflowError as `Backbone.network()`.
 */
export async function networkFrom(source: BackboneSource, inputSize: number): Promise<BackboneNetwork> {
  const backbone = backboneFrom(source);
  const { weights: wanted, fileVersion } = backbone;
  const { stored } = source;
  if (!wanted || !stored) return { network: await backbone.network(inputSize) };
  featureScales(backbone, inputSize);
  const build = (folder?: string) =>
    withWeights(backbone, stored, (weights) => backbone.network(inputSize, weights, folder));
  if (fileVersion === undefined) return { network: await build() };
  const folder = networksFolder(source.home);
  const key = keyOf(backbone, fileVersion, inputSize, sourcesOf(stored));
  return keptNetwork(folder, key, () => build(folder));
}

/** Where networks with a file of weights are kept. */
export const networksFolder = (home: string) => join(home, "networks");

/** What must be said of a network's file of weights so that it can be made again; undefined where there is none. */
export function weightsRecord({ stored }: BackboneSource, { file, bytes }: BackboneNetwork) {
  if (!stored || file === undefined || bytes === undefined) return undefined;
  return { file, bytes, sources: sourcesOf(stored) };
}

/** SHA-256 of the files that a backbone is made of, in their order. */
export const sourcesOf = ({ files }: StoredBackbone) => files.map(({ sha256 }) => sha256);

function keyOf({ name }: Backbone, version: number, inputSize: number, sources: readonly string[]): string {
  const content = JSON.stringify([name, version, inputSize, ...sources]);
  return `${name}-${createHash("sha256").update(content).digest("hex").slice(0, 32)}`;
}

/** Opens the files of a backbone as its weights, for as long as the work lasts. */
async function withWeights<T>(
  { weightFiles = [] }: Backbone,
  stored: StoredBackbone,
  work: (weights: Weights) => Promise<T>,
): Promise<T> {
  const files: [prefix: string, file: WeightFile][] = [];
  try {
    for (const [i, prefix] of weightFiles.entries()) {
      const { path } = stored.files[i] ?? {};
      if (path !== undefined) files.push([prefix, await openWeights(path)]);
    }
    return await work(
      joinWeights(Object.fromEntries(files.map(([prefix, file]) => [prefix, weightsIn(file)]))),
    );
  } finally {
    for (const [, file] of files) await file.close();
  }
}

/** The tensors of an open file. */
function weightsIn(file: WeightFile): Weights {
  return {
    shapes: new Map([...file.tensors].map(([name, { shape }]) => [name, shape])),
    read: (name) => file.floats(name),
  };
}

/** Holds a file against what the backbone is built from, by the names and shapes of its tensors. */
const checkFile: CheckFile = async (path, { fileName, backbone: name, kind, index }) => {
  if (!isBackboneName(name)) {
    if (kind === "onnx") return;
    throw badWeights(
      `"${fileName}" holds weights without a network, so it cannot be a backbone of your own: expected an .onnx file`,
    );
  }
  const backbone = backboneOf(name);
  const problems = await problemsOf(path, backbone);
  if (problems[index] === undefined) return;
  throw badWeights(`"${fileName}" cannot be "${name}": ${problems[index]}${orderHint(backbone, problems)}`);
};

/** For each file of a backbone, why a given one cannot be it; undefined where it can. */
async function problemsOf(path: string, { weights, weightFiles }: Backbone): Promise<(string | undefined)[]> {
  let file: WeightFile | undefined;
  try {
    file = await openWeights(path);
    const given = weightsIn(file);
    return weightFiles!.map((prefix) => problemOf(() => checkWeights(given, wantedUnder(prefix, weights!))));
  } catch (error) {
    return weightFiles!.map(() => messageOf(error).replace(` ${path}`, ""));
  } finally {
    await file?.close();
  }
}

function problemOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function orderHint({ weightFiles = [] }: Backbone, problems: readonly (string | undefined)[]): string {
  if (!problems.includes(undefined)) return "";
  const order = weightFiles.map((prefix) => prefix.slice(0, -1)).join(", then ");
  return `. It is file ${problems.indexOf(undefined) + 1} of ${weightFiles.length}: give them in the order ${order}`;
}

function missingBackbone(name: string): UflowError {
  return badWeights(
    `The backbone "${name}" is not on this machine. Run "uflow backbone import FILE.onnx --as ${name}"`,
  );
}

const badWeights = (message: string) => new UflowError("ERR_UFLOW_BAD_WEIGHTS", message);
