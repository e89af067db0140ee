import { quoted } from "../../input/quoted.js";
import type { RandomAccessFile } from "../../input/random-access-file.js";
import { type StoredEntry, storedEntries } from "../../input/stored-zip.js";
import type { WeightDirectory } from "../placed-tensor.js";
import { torchWorld } from "./constructors.js";
import { readStateDict } from "./state-dict.js";
import { unpickle } from "./unpickle.js";

/** Tensors are not in the pickle, so that even the largest checkpoints stay far below. */
export const pickleLimit = 2 ** 26;

/**
 * Where the tensors of a checkpoint lie that torch.save has written since version 1.6: a ZIP file of stored entries
 * `NAME/data.pkl`, a pickle that refers to the storages `NAME/data/KEY`. Checksums are not looked at, as PyTorch can be
 * told to write none.
 * @throws what `file.refuse` makes, when the file is damaged, hostile, big-endian or no checkpoint.
 */
export async function readTorchArchive(file: RandomAccessFile): Promise<WeightDirectory> {
  const entries = await storedEntries(file, "PyTorch checkpoint");
  const folder = findFolder(file, entries);
  await checkByteOrder(file, entries.get(`${folder}/byteorder`));
  const pickle = entries.get(`${folder}/data.pkl`)!;
  if (pickle.size > pickleLimit)
    throw file.refuse(`its data.pkl takes ${pickle.size} bytes; at most ${pickleLimit} are read`);
  const { value } = unpickle(await file.read(pickle.start, pickle.size), torchWorld(file.refuse));
  return readStateDict(file, value, (key) => entries.get(`${folder}/data/${key}`));
}

function findFolder(file: RandomAccessFile, entries: ReadonlyMap<string, StoredEntry>): string {
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length === 0)
    throw file.refuse("it is a ZIP file without data.pkl, so it is no PyTorch checkpoint");
  if (pickles.length > 1) throw file.refuse("it holds more than one data.pkl");
  return pickles[0]!.slice(0, -"/data.pkl".length);
}

/** Written since PyTorch 2.1; before, only little-endian machines were supported. */
async function checkByteOrder(file: RandomAccessFile, entry: StoredEntry | undefined): Promise<void> {
  if (!entry) return;
  const order = (await file.read(entry.start, Math.min(entry.size, 16))).toString("latin1").trim();
  if (order !== "little") {
    throw file.refuse(
      `its byte order is ${quoted(order)}, and only "little" is read; save it on another machine`,
    );
  }
}
