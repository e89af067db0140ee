import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { externalFiles } from "../onnx/external-data.js";
import { writeFileAtomic } from "../output/atomic-file.js";

/** A network whose weights stand in a file. */
export interface FiledNetwork {
  network: Uint8Array;
  /** The folder of the file. */
  folder: string;
  file: string;
  bytes: number;
}

/**
 * The network that is kept in a folder under a key, which must stand for all that it is made from; built where it, or its
 * weights file, is missing. Processes that build the same at once write the same, each under a temporary name first.
 * @param build gives the network and writes its weights file to the folder
 * @throws UflowError ERR_UFLOW_OUTPUT, and what `build` throws.
 */
export async function keptNetwork(
  folder: string,
  key: string,
  build: () => Promise<Uint8Array>,
): Promise<FiledNetwork> {
  const path = pathOf(folder, key);
  const kept = await keptAt(folder, path);
  if (kept) return kept;
  try {
    const network = await build();
    await writeFileAtomic(path, network);
    return filed(folder, network);
  } catch (error) {
    // Windows does not replace a file that is open: the other process that has made it was faster.
    const other = await keptAt(folder, path);
    if (other) return other;
    throw error;
  }
}

/** Whether `keptNetwork` would build nothing. */
export async function isKept(folder: string, key: string): Promise<boolean> {
  return (await keptAt(folder, pathOf(folder, key))) !== undefined;
}

/** Whether the weights file of a network is there, as long as it should be. */
export async function hasWeightsFile({
  folder,
  file,
  bytes,
}: Omit<FiledNetwork, "network">): Promise<boolean> {
  return (await stat(join(folder, file)).catch(() => undefined))?.size === bytes;
}

const pathOf = (folder: string, key: string) => join(folder, `${key}.onnx`);

async function keptAt(folder: string, path: string): Promise<FiledNetwork | undefined> {
  try {
    const kept = filed(folder, await readFile(path));
    return (await hasWeightsFile(kept)) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** A network and the weights file in a folder that it names. */
export function filed(folder: string, network: Uint8Array): FiledNetwork {
  const [[file, bytes]] = [...externalFiles(network)] as [[string, number]];
  return { network, folder, file, bytes };
}
