import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { Random } from "#uflow/random.js";
import { openWeights } from "#uflow/weights/weight-file.js";
import * as p from "./checkpoints.js";
import { contents, scratchFolder } from "./scratch.js";

const scratch = scratchFolder();

/** @returns whether all tensors were read; everything but our error is a failure. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  await writeFile(scratch("mutant"), bytes);
  try {
    const file = await openWeights(scratch("mutant"));
    await contents(file).finally(() => file.close());
    return true;
  } catch (error) {
    if (!(error instanceof UflowError) || error.code !== "ERR_UFLOW_BAD_WEIGHTS") throw error;
    return false;
  }
}

const fixture = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../fixtures/weights/${name}`, import.meta.url)));

const small: Record<string, object> = {
  __metadata__: { format: "pt" },
  a: { dtype: "F16", shape: [2, 1], data_offsets: [0, 4] },
  b: { dtype: "I64", shape: [], data_offsets: [4, 12] },
};
const namespace = p.join(
  p.global("argparse.Namespace"),
  p.EMPTY_TUPLE,
  p.NEWOBJ,
  p.dict({ a: p.NONE }),
  p.BUILD,
);
const weights = p.dict({ w: p.tensor(), v: p.tensor({ offset: 1, shape: [3, 2], strides: [1, 0] }) });

/** What is mutated, and what then stands around it. */
const kinds: Record<string, { bytes: Buffer; wrap?: (bytes: Buffer) => Buffer }> = {
  safetensors: { bytes: p.safetensors(JSON.stringify(small), Buffer.alloc(12, 1)) },
  archive: { bytes: fixture("plain.pth") },
  pickle: {
    bytes: p.pickle(
      p.dict({ args: namespace, set: p.call("builtins.set", p.tuple(p.NONE)), state_dict: weights }),
    ),
    wrap: p.archive,
  },
  legacy: { bytes: fixture("legacy.pth") },
};

/** Values that break arithmetic, little-endian. */
const edges = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** A copy with a few bytes or words replaced, and sometimes an end missing or a stretch doubled. */
function mutant(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = random.below(4); i >= 0; i--) {
    const at = random.below(copy.length - 4);
    const kind = random.below(4);
    if (kind === 0) copy.writeUInt32LE(edges[random.below(edges.length)]!, at);
    else if (kind === 1) copy.copy(copy, at, random.below(copy.length), random.below(copy.length));
    else copy[at] = kind === 2 ? random.below(256) : bytes[random.below(bytes.length)]!;
  }
  return random.below(10) === 0 ? copy.subarray(0, random.below(copy.length)) : copy;
}

const rounds = 500;

describe("mutated files", () => {
  it.each(Object.keys(kinds))("of the kind %s are read or refused, and nothing else", async (kind) => {
    const { bytes, wrap = (mutated: Buffer) => mutated } = kinds[kind]!;
    const random = Random.stream(5, kind);
    const memory = process.memoryUsage().rss;
    let taken = 0;
    expect(await survives(wrap(bytes))).toBe(true);
    for (let round = 0; round < rounds; round++) {
      if (await survives(wrap(mutant(bytes, random)))) taken += 1;
    }
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(rounds);
    expect(process.memoryUsage().rss - memory).toBeLessThan(2 ** 29);
  });
});
