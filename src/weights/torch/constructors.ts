import type { Refuse } from "../../input/random-access-file.js";
import type { Constructor, PickleWorld } from "./unpickle.js";
import { Opaque, type PickleValue, Storage, StoredTensor } from "./values.js";

/**
 * The functions that a checkpoint of plain tensors calls, by the names that Python 2 and 3 give them. None does more
 * than to put its arguments together; that of a tensor is not even checked before the tensor is wanted.
 */
const constructors: ReadonlyMap<string, Constructor> = new Map<string, Constructor>([
  ["collections.OrderedDict", orderedDict],
  ["builtins.set", set],
  ["__builtin__.set", set],
  ["_codecs.encode", encoded],
  ["torch.Size", ([sizes]) => sizes],
  [
    "torch._utils._rebuild_tensor_v2",
    ([storage, offset, shape, strides]) => tensor(storage, offset, shape, strides),
  ],
  ["torch._utils._rebuild_parameter", ([data]) => data],
]);

/** Without arguments, or with a list of pairs, as Python 2 writes it. */
function orderedDict([pairs]: PickleValue[], spend: (steps: number) => void): PickleValue | undefined {
  if (pairs === undefined) return new Map();
  if (!Array.isArray(pairs)) return undefined;
  spend(pairs.length);
  const entries = pairs.filter((pair) => Array.isArray(pair) && pair.length === 2);
  if (entries.length < pairs.length) return undefined;
  return new Map(entries as [PickleValue, PickleValue][]);
}

function set([items]: PickleValue[], spend: (steps: number) => void): PickleValue | undefined {
  if (!Array.isArray(items)) return undefined;
  spend(items.length);
  return new Set(items);
}

/** Bytes in a pickle of protocol 2: a text of their values, encoded as Latin-1. A byte is less than other values. */
function encoded([text, encoding]: PickleValue[], spend: (steps: number) => void): PickleValue | undefined {
  if (typeof text !== "string" || encoding !== "latin1") return undefined;
  spend(text.length / 64);
  return Buffer.from(text, "latin1");
}

function tensor(...[storage, offset, shape, strides]: (PickleValue | undefined)[]): PickleValue | undefined {
  if (storage === undefined || offset === undefined || shape === undefined || strides === undefined) return;
  return new StoredTensor(storage, offset, shape, strides);
}

/**
 * The world of a PyTorch checkpoint.
 * @param storages takes every storage that is referred to, by key.
 */
export function torchWorld(refuse: Refuse, storages: Map<string, Storage> = new Map()): PickleWorld {
  return { constructors, refuse, persistent: (id) => storage(id, storages) };
}

/** ("storage", type, key, device, number of elements), and in old files views, which nothing writes since 2017. */
function storage(id: PickleValue, storages: Map<string, Storage>): PickleValue | undefined {
  if (!Array.isArray(id) || id.length < 5) return undefined;
  const [kind, type, key, , elements, view] = id;
  if (kind !== "storage" || typeof key !== "string" || typeof elements !== "number") return undefined;
  if (!(type instanceof Opaque) || (view ?? null) !== null) return undefined;
  const found = new Storage(type.name, key, elements);
  storages.set(key, found);
  return found;
}
