/** Backbones by name, found in the store, and the networks that are built of what is there. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { UflowError } from "../error.js";
import { embeddedNames, openStore, type Store, type StoredBackbone } from "../weights/store/index.js";
import { type BuildOptions, toldOf } from "./building.js";
import {
  type Backbone,
  backboneOf,
  checkWeights,
  featureScales,
  isBackboneName,
  missingWeights,
} from "./index.js";
import { type FiledNetwork, isKept, keptNetwork } from "./network-cache.js";
import { ownBackbone } from "./own/index.js";
import { checkFile, withWeights } from "./weight-files.js";

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
 * `networks/`; that takes half a minute and, in memory, one tensor at a time. `ensureNetwork` does it in a thread.
 * @throws UflowError as `Backbone.network()`; ERR_UFLOW_ABORTED.
 */
export async function networkFrom(
  source: BackboneSource,
  inputSize: number,
  options: BuildOptions = {},
): Promise<BackboneNetwork> {
  const backbone = backboneFrom(source);
  const { stored } = source;
  if (!backbone.weights || !stored) return { network: await backbone.network(inputSize) };
  featureScales(backbone, inputSize);
  const build = (folder?: string) =>
    withWeights(backbone, stored, (all) =>
      toldOf(backbone, all, options, (weights) => backbone.network(inputSize, weights, folder)),
    );
  const place = placeOf(source, inputSize);
  if (!place) return { network: await build() };
  return keptNetwork(place.folder, place.key, () => build(place.folder));
}

/** Whether the network is one with a file of weights that is still to be built. */
export async function isNetworkMissing(source: BackboneSource, inputSize: number): Promise<boolean> {
  const place = placeOf(source, inputSize);
  return place !== undefined && !(await isKept(place.folder, place.key));
}

/** Where a network with a file of weights is kept; undefined for others. */
function placeOf(source: BackboneSource, inputSize: number) {
  const { name, fileVersion } = backboneFrom(source);
  if (fileVersion === undefined || !source.stored) return undefined;
  const content = JSON.stringify([name, fileVersion, inputSize, ...sourcesOf(source.stored)]);
  const sum = createHash("sha256").update(content).digest("hex");
  return { folder: networksFolder(source.home), key: `${name}-${sum.slice(0, 32)}` };
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

function missingBackbone(name: string): UflowError {
  return new UflowError(
    "ERR_UFLOW_BAD_WEIGHTS",
    `The backbone "${name}" is not on this machine. Run "uflow backbone import FILE.onnx --as ${name}"`,
  );
}
