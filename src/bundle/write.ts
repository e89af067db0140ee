import { buffer } from "node:stream/consumers";
import yazl from "yazl";
import { UflowError } from "../error.js";
import type { FlowParameters } from "../flow/parameters.js";
import { writeFileAtomic } from "../output/atomic-file.js";
import { parametersBytes } from "./flow-parameters.js";
import { type Manifest, manifestLimit, manifestSchema } from "./manifest.js";
import { backboneEntry, flowEntry, ignoreEntry, type Model, parametersEntry, sha256 } from "./model.js";
import { readEntries } from "./read.js";

/** One time for all entries, so that the same model gives the same file, byte for byte. */
const mtime = new Date(Date.UTC(2000, 0, 1));

/**
 * Writes a model as a `.uflow` file: to a temporary name first, then renamed, so that a reader never sees half of it.
 * The checksums in the manifest are filled in here. Without `parameters` the model can be used, but not exported.
 * @throws UflowError ERR_UFLOW_OUTPUT when the file cannot be written, or its manifest is too large to be read; a file that
 * was there before is then untouched.
 */
export async function writeModel(
  path: string,
  model: Omit<Model, "manifest" | "sha256"> & { manifest: Unsealed; parameters?: FlowParameters },
): Promise<Manifest> {
  const entries = {
    [backboneEntry]: model.backbone,
    [flowEntry]: model.flow,
    ...(model.ignoreMask && { [ignoreEntry]: model.ignoreMask }),
    ...(model.parameters && { [parametersEntry]: parametersBytes(model.parameters) }),
  };
  const manifest = sealed(model.manifest, entries);
  await writeFileAtomic(path, await zip({ "manifest.json": json(manifest), ...entries }));
  return manifest;
}

/**
 * Writes a model file again with another manifest; all other entries stay as they are, byte for byte, but for what is
 * replaced.
 * @param path may be that of the model itself
 * @param replaced the mask to have from now on; undefined in it: none
 * @throws UflowError ERR_UFLOW_BAD_MODEL as `readModel`, ERR_UFLOW_OUTPUT as `writeModel`.
 */
export async function rewriteModel(
  model: string,
  path: string,
  change: (manifest: Manifest) => Unsealed,
  replaced?: Pick<Model, "ignoreMask">,
): Promise<Manifest> {
  const { manifest, entries: before } = await readEntries(model);
  const { [ignoreEntry]: mask, ...others } = before;
  const { ignoreMask } = replaced ?? { ignoreMask: mask };
  const entries = { ...others, ...(ignoreMask && { [ignoreEntry]: ignoreMask }) };
  const changed = sealed(change(manifest), entries);
  await writeFileAtomic(path, await zip({ "manifest.json": json(changed), ...entries }));
  return changed;
}

/** A manifest whose entries are not yet listed. */
export type Unsealed = Omit<Manifest, "entries">;

/** The manifest with the sums of the entries. */
function sealed(manifest: Unsealed, entries: Record<string, Uint8Array>): Manifest {
  const listed = Object.entries(entries).map(([name, bytes]) => [
    name,
    { bytes: bytes.length, sha256: sha256(bytes) },
  ]);
  return manifestSchema.parse({ ...manifest, entries: Object.fromEntries(listed) });
}

/** @throws UflowError ERR_UFLOW_OUTPUT where no reader would take it. */
function json(manifest: Manifest): Buffer {
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  if (bytes.length <= manifestLimit) return bytes;
  throw new UflowError(
    "ERR_UFLOW_OUTPUT",
    `The manifest of the model has ${bytes.length} bytes, and at most ${manifestLimit} are read: calibrate with fewer good images`,
  );
}

function zip(entries: Record<string, Uint8Array>): Promise<Buffer> {
  const file = new yazl.ZipFile();
  for (const [name, bytes] of Object.entries(entries)) {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    file.addBuffer(view, name, { compress: false, mtime, mode: 0o100644, forceDosTimestamp: true });
  }
  file.end();
  return buffer(file.outputStream);
}
