import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { openWeights, type WeightFile } from "#uflow/weights/weight-file.js";

/** A folder of the tests of a file. */
export function scratchFolder(): (name: string) => string {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "uflow-weights-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}

/** Every tensor of an open file, as plain numbers. */
export async function contents(file: WeightFile) {
  const found: Record<string, { dtype: string; shape: readonly number[]; values: number[] }> = {};
  for (const [name, { dtype, shape }] of file.tensors) {
    const numbers = await (/float/.test(dtype) ? file.floats(name) : file.integers(name));
    found[name] = { dtype, shape, values: [...numbers] };
  }
  return found;
}

/** Opens, reads all and closes. */
export async function readAll(path: string) {
  const file = await openWeights(path);
  try {
    return { contents: await contents(file), metadata: file.metadata, format: file.format };
  } finally {
    await file.close();
  }
}

export async function readBytes(path: string, bytes: Uint8Array) {
  await writeFile(path, bytes);
  return await readAll(path);
}

export async function expectRefused(path: string, bytes: Uint8Array, reason: RegExp): Promise<void> {
  await expect(readBytes(path, bytes)).rejects.toMatchObject({
    name: "UflowError",
    code: "ERR_UFLOW_BAD_WEIGHTS",
    message: expect.stringMatching(reason),
  });
}
