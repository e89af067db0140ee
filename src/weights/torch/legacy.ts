import { quoted } from "../../input/quoted.js";
import type { RandomAccessFile } from "../../input/random-access-file.js";
import { numberFormat } from "../dtype.js";
import type { WeightDirectory } from "../placed-tensor.js";
import { pickleLimit } from "./archive.js";
import { torchWorld } from "./constructors.js";
import { type FindStorage, readStateDict, storageType } from "./state-dict.js";
import { unpickle } from "./unpickle.js";
import type { PickleValue, Storage } from "./values.js";

/** The magic number 0x1950a86a20f9469cfc6c as a pickle of protocol 2. */
export const legacyStart = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");

const protocolVersion = 1001;

/**
 * Where the tensors of a checkpoint lie that torch.save wrote before version 1.6: one pickle after the other — magic
 * number, version, facts about the machine, the checkpoint, the keys of the storages — and then the storages in this
 * order, each a count of elements as int64 and the elements.
 * @throws what `file.refuse` makes, when the file is damaged, hostile or big-endian.
 */
export async function readTorchLegacy(file: RandomAccessFile): Promise<WeightDirectory> {
  const start = await file.read(0, Math.min(file.size, pickleLimit));
  const storages = new Map<string, Storage>();
  let position = legacyStart.length;
  const next = (): PickleValue => {
    const { value, end } = unpickle(start, torchWorld(file.refuse, storages), position);
    position = end;
    return value;
  };
  const version = next();
  if (version !== protocolVersion) throw file.refuse(`its version is not ${protocolVersion}`);
  const machine = next();
  if (!(machine instanceof Map) || machine.get("little_endian") !== true) {
    throw file.refuse("it was not saved on a little-endian machine; save it on another one");
  }
  const root = next();
  const places = await placeStorages(file, next(), storages, position);
  return readStateDict(file, root, (key) => places.get(key));
}

type Place = NonNullable<ReturnType<FindStorage>>;

async function placeStorages(
  file: RandomAccessFile,
  keys: PickleValue,
  storages: ReadonlyMap<string, Storage>,
  from: number,
): Promise<Map<string, Place>> {
  if (!Array.isArray(keys)) throw file.refuse("it has no list of storages");
  const places = new Map<string, Place>();
  let position = from;
  for (const key of keys) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (!storage || places.has(storage.key)) throw file.refuse("its list of storages is damaged");
    const dtype = storageType(storage);
    // How long it is, is not known, nor then where the next one begins.
    if (!dtype) throw file.refuse(`it has a storage of type ${quoted(storage.type)}, which is not read here`);
    const count = Number((await file.read(position, 8)).readBigInt64LE());
    if (count < 0 || count !== storage.elements)
      throw file.refuse("the size of one of its storages is not what it says");
    const size = count * numberFormat(dtype).size;
    places.set(storage.key, { start: position + 8, size });
    position += 8 + size;
  }
  if (position > file.size) throw file.refuse("it was cut off");
  return places;
}
