import { z } from "zod";
import { UflowError } from "../error.js";
import { RandomAccessFile } from "../input/random-access-file.js";
import { storedEntries } from "../input/stored-zip.js";
import { formatVersion, type Manifest, manifestSchema } from "./manifest.js";
import { backboneEntry, flowEntry, type Model, sha256 } from "./model.js";

const manifestEntry = "manifest.json";
const manifestLimit = 16 * 2 ** 20;

/**
 * Reads a `.uflow` file and checks every entry against its sum.
 * @throws UflowError ERR_UFLOW_BAD_MODEL when the file is missing, damaged, hostile or of a newer format version.
 */
export async function readModel(path: string): Promise<Model> {
  const entries = await unzip(path);
  const manifest = parseManifest(path, entries.get(manifestEntry));
  for (const [name, { bytes, sha256: sum }] of Object.entries(manifest.entries)) {
    const content = entries.get(name);
    if (!content) throw bad(path, `the entry "${name}" is missing`);
    if (content.length !== bytes || sha256(content) !== sum) {
      throw bad(path, `the entry "${name}" does not match its checksum`);
    }
  }
  for (const name of entries.keys()) {
    const listed = name === manifestEntry || Object.hasOwn(manifest.entries, name);
    if (!listed) throw bad(path, `the entry "${name}" is not in its manifest, so nothing vouches for it`);
  }
  const entry = (name: string) => {
    const content = Object.hasOwn(manifest.entries, name) ? entries.get(name) : undefined;
    if (!content) throw bad(path, `it has no ${name}`);
    return content;
  };
  return { manifest, backbone: entry(backboneEntry), flow: entry(flowEntry) };
}

/** All entries by name, read into memory. Together they are no larger than the file. */
async function unzip(path: string): Promise<Map<string, Buffer>> {
  const file = await RandomAccessFile.open(path, (reason, cause) => bad(path, reason, cause));
  try {
    const entries = new Map<string, Buffer>();
    for (const [name, { start, size }] of await storedEntries(file, ".uflow file")) {
      if (name === manifestEntry && size > manifestLimit) throw bad(path, "its manifest is too large");
      entries.set(name, await file.read(start, size));
    }
    return entries;
  } finally {
    await file.close();
  }
}

function parseManifest(path: string, bytes: Buffer | undefined): Manifest {
  if (!bytes) throw bad(path, `it has no ${manifestEntry}, so it is no model file`);
  let content: unknown;
  try {
    content = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw bad(path, "its manifest is not JSON", error);
  }
  const version = z.looseObject({ formatVersion: z.number() }).safeParse(content);
  if (version.success && version.data.formatVersion > formatVersion) {
    throw bad(
      path,
      `its format version is ${version.data.formatVersion}, and this engine reads up to ${formatVersion}: update uflow`,
    );
  }
  const manifest = manifestSchema.safeParse(content);
  if (!manifest.success) throw bad(path, `its manifest is wrong: ${z.prettifyError(manifest.error)}`);
  checkShapes(path, manifest.data);
  return manifest.data;
}

/** What the schema cannot say: one stride and one latent per scale, all of the size that the input gives. */
function checkShapes(path: string, { scales, strides, latents, inputSize }: Manifest): void {
  const fit =
    scales.length === strides.length &&
    scales.length === latents.length &&
    scales.every(({ height, width }, i) => {
      const latent = latents[i]!;
      const side = inputSize / strides[i]!;
      return height === side && width === side && latent.height === side && latent.width === side;
    });
  if (!fit) throw bad(path, "the sizes in its manifest contradict each other");
}

function bad(path: string, reason: string, cause?: unknown): UflowError {
  return new UflowError("ERR_UFLOW_BAD_MODEL", `Cannot open the model ${path}: ${reason}`, { cause });
}
