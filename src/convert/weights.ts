import { joinWeights, type Weights } from "../backbone/index.js";
import { openStore, type StoredBackbone } from "../weights/store/index.js";
import { openWeights, type WeightFile } from "../weights/weight-file.js";
import { networkPrefixes, type ReferenceBackbone } from "./layout.js";

/** The tensors of an open file. */
export function weightsIn(file: WeightFile): Weights {
  return {
    shapes: new Map([...file.tensors].map(([name, { shape }]) => [name, shape])),
    read: (name) => file.floats(name),
  };
}

/**
 * Opens the original weights of a backbone in the weights store, hands them to `use`, and closes them.
 * @returns undefined when they are not in the store.
 * @throws UflowError ERR_UFLOW_BAD_WEIGHTS when they are damaged.
 */
export async function withStoredWeights<T>(
  backbone: ReferenceBackbone,
  use: (weights: Weights) => Promise<T>,
): Promise<T | undefined> {
  const stored = await openStore().find(backbone);
  return stored && (await withOpened(stored, networkPrefixes(backbone), use));
}

async function withOpened<T>(
  { files }: StoredBackbone,
  prefixes: readonly string[],
  use: (weights: Weights) => Promise<T>,
): Promise<T> {
  const opened: WeightFile[] = [];
  try {
    for (const { path } of files) opened.push(await openWeights(path));
    return await use(
      joinWeights(Object.fromEntries(opened.map((file, i) => [prefixes[i]!, weightsIn(file)]))),
    );
  } finally {
    for (const file of opened) await file.close();
  }
}
