import { UflowError } from "../../error.js";
import { writeFileAtomic } from "../../output/atomic-file.js";
import { longestZip, storedZip, type ZipEntry } from "../../output/stored-zip.js";
import { checkTensor, numberBytes } from "../tensor.js";
import { isTensor, pickle, type TorchValue } from "./pickle.js";

/**
 * Writes a PyTorch checkpoint, for every torch.load since version 1.6: under a temporary name first, then renamed. Also
 * with `weights_only=True`, which knows numbers that are not whole since PyTorch 2. Tensors are not copied.
 * @param value a state dict is a Map from name to tensor; it may lie in an object beside other plain values.
 * @throws UflowError ERR_UFLOW_BAD_TENSOR when the numbers of a tensor do not fill its shape, or all are more than
 *   4 GiB; ERR_UFLOW_OUTPUT.
 */
export async function writeTorch(path: string, value: TorchValue): Promise<void> {
  checkTensors("", value);
  const { bytes, storages } = pickle(value);
  const entries: ZipEntry[] = [
    { name: "archive/data.pkl", bytes },
    { name: "archive/byteorder", bytes: Buffer.from("little") },
    ...storages.map((data, key) => ({ name: `archive/data/${key}`, bytes: numberBytes(data) })),
    { name: "archive/version", bytes: Buffer.from("3\n") },
  ];
  checkSize(entries);
  await writeFileAtomic(path, storedZip(entries));
}

function checkTensors(name: string, value: TorchValue): void {
  if (value === null || typeof value !== "object") return;
  if (isTensor(value)) {
    checkTensor(name, value);
    return;
  }
  const entries = value instanceof Map ? value : Object.entries(value);
  for (const [key, inner] of entries) checkTensors(name ? `${name}.${key}` : key, inner);
}

/** What an entry takes beside its content, at most: two headers with its name, and the padding. */
const entryOverhead = 256;

function checkSize(entries: readonly ZipEntry[]): void {
  const size = entries.reduce((sum, { bytes }) => sum + bytes.length + entryOverhead, 0);
  if (size <= longestZip && entries.length < 2 ** 16) return;
  throw new UflowError(
    "ERR_UFLOW_BAD_TENSOR",
    `The checkpoint would take ${size} bytes in ${entries.length} entries; at most ${longestZip} in 65535 are written`,
  );
}
