import { z } from "zod";
import { calibrationVersion } from "../a-contrario/calibration.js";
import { UflowError } from "../error.js";
import type { FlowParameters } from "../flow/parameters.js";
import { RandomAccessFile } from "../input/random-access-file.js";
import { type StoredEntry, storedEntries } from "../input/stored-zip.js";
import { readParameters } from "./flow-parameters.js";
import { formatVersion, type Manifest, manifestLimit, manifestSchema } from "./manifest.js";
import { backboneEntry, flowEntry, ignoreEntry, type Model, parametersEntry, sha256 } from "./model.js";

const manifestEntry = "manifest.json";

/**
 * Reads a `.uflow` file and checks every entry against its sum. Only the networks and the mask are kept in memory.
 * @throws UflowError ERR_UFLOW_BAD_MODEL when the file is missing, damaged, hostile or of a newer format version.
 */
export async function readModel(path: string): Promise<Model> {
  return await opened(path, async ({ file, entries, manifest }) => {
    const kept = new Map<string, Buffer>();
    for (const name of Object.keys(manifest.entries)) {
      const content = await checkedEntry({ file, entries, manifest }, name);
      if (name === backboneEntry || name === flowEntry || name === ignoreEntry) kept.set(name, content);
    }
    for (const name of entries.keys()) {
      const listed = name === manifestEntry || Object.hasOwn(manifest.entries, name);
      if (!listed) throw file.refuse(`the entry "${name}" is not in its manifest, so nothing vouches for it`);
    }
    const entry = (name: string) => {
      const content = kept.get(name);
      if (!content) throw file.refuse(`it has no ${name}`);
      return content;
    };
    return {
      manifest,
      backbone: entry(backboneEntry),
      flow: entry(flowEntry),
      ...(manifest.ignore?.mask && { ignoreMask: entry(ignoreEntry) }),
      sha256: await file.sha256(),
    };
  });
}

/**
 * All that a `.uflow` file holds, every entry checked against its sum. Keeps the whole file in memory.
 * @throws UflowError ERR_UFLOW_BAD_MODEL as `readModel`.
 */
export async function readEntries(
  path: string,
): Promise<{ manifest: Manifest; entries: Record<string, Uint8Array> }> {
  return await opened(path, async (bundle) => {
    const entries: Record<string, Uint8Array> = {};
    for (const name of Object.keys(bundle.manifest.entries)) {
      entries[name] = await checkedEntry(bundle, name);
    }
    return { manifest: bundle.manifest, entries };
  });
}

/**
 * The flow of a `.uflow` file as numbers, checked against their sum and the manifest.
 * @returns `parameters` undefined for a file that has only the network made of them, as the first engines wrote.
 * @throws UflowError ERR_UFLOW_BAD_MODEL as `readModel`.
 */
export async function readFlowParameters(
  path: string,
): Promise<{ manifest: Manifest; parameters: FlowParameters | undefined }> {
  return await opened(path, async (bundle) => {
    const { file, entries, manifest } = bundle;
    if (!Object.hasOwn(manifest.entries, parametersEntry)) return { manifest, parameters: undefined };
    await checkedEntry(bundle, parametersEntry);
    const { start, size } = entries.get(parametersEntry)!;
    return { manifest, parameters: await readParameters(file.part(start, size), manifest) };
  });
}

interface Bundle {
  file: RandomAccessFile;
  entries: ReadonlyMap<string, StoredEntry>;
  manifest: Manifest;
}

async function opened<T>(path: string, use: (bundle: Bundle) => Promise<T>): Promise<T> {
  const file = await RandomAccessFile.open(
    path,
    (reason, cause) =>
      new UflowError("ERR_UFLOW_BAD_MODEL", `Cannot open the model ${path}: ${reason}`, { cause }),
  );
  try {
    const entries = await storedEntries(file, ".uflow file");
    return await use({ file, entries, manifest: await readManifest(file, entries.get(manifestEntry)) });
  } finally {
    await file.close();
  }
}

/** An entry that the manifest lists, checked. Together all are no larger than the file. */
async function checkedEntry({ file, entries, manifest }: Bundle, name: string): Promise<Buffer> {
  const { bytes, sha256: sum } = manifest.entries[name]!;
  const entry = entries.get(name);
  if (!entry) throw file.refuse(`the entry "${name}" is missing`);
  const content = entry.size === bytes ? await file.read(entry.start, bytes) : undefined;
  if (!content || sha256(content) !== sum) {
    throw file.refuse(`the entry "${name}" does not match its checksum`);
  }
  return content;
}

async function readManifest(file: RandomAccessFile, entry: StoredEntry | undefined): Promise<Manifest> {
  if (!entry) throw file.refuse(`it has no ${manifestEntry}, so it is no model file`);
  if (entry.size > manifestLimit) throw file.refuse("its manifest is too large");
  const bytes = await file.read(entry.start, entry.size);
  let content: unknown;
  try {
    content = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw file.refuse("its manifest is not JSON", error);
  }
  const version = z.looseObject({ formatVersion: z.number() }).safeParse(content);
  if (version.success && version.data.formatVersion > formatVersion) {
    throw file.refuse(
      `its format version is ${version.data.formatVersion}, and this engine reads up to ${formatVersion}: update uflow`,
    );
  }
  const calibration = z
    .looseObject({ calibration: z.looseObject({ version: z.number() }) })
    .safeParse(content).data?.calibration;
  if (calibration && calibration.version > calibrationVersion) {
    throw file.refuse(
      `the version of its calibration is ${calibration.version}, and this engine reads up to ${calibrationVersion}: update uflow`,
    );
  }
  const manifest = manifestSchema.safeParse(content);
  if (!manifest.success) throw file.refuse(`its manifest is wrong: ${z.prettifyError(manifest.error)}`);
  checkShapes(file, manifest.data);
  return manifest.data;
}

/** What the schema cannot say: one of each per scale, all of the size that the input gives. */
function checkShapes(file: RandomAccessFile, manifest: Manifest): void {
  const { scales, strides, latents, inputSize, calibration } = manifest;
  const fit =
    scales.length === strides.length &&
    scales.length === latents.length &&
    scales.length === (calibration?.scales ?? scales).length &&
    scales.every(({ height, width }, i) => {
      const latent = latents[i]!;
      const side = inputSize / strides[i]!;
      return height === side && width === side && latent.height === side && latent.width === side;
    });
  if (!fit) throw file.refuse("the sizes in its manifest contradict each other");
}
