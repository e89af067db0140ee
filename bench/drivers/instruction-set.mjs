// Ours with fewer vector instructions, in a process of its own: they are chosen when the addon loads.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { loadAddon } from "../../dist/kernels/addon.js";
import { JsonLines } from "./json-lines.mjs";

const server = fileURLToPath(new URL("serve-kernels.mjs", import.meta.url));
const sets = ["baseline", "avx2", "avx512"];

export function instructionSet(set) {
  const fewer = sets.indexOf(set) < sets.indexOf(loadAddon().instructionSet);
  return {
    name: set,
    async prepare({ name, vectorized }, _inputs, expected) {
      if (!vectorized || !fewer) return undefined;
      const child = new JsonLines(process.execPath, [server], { UFLOW_INSTRUCTION_SET: set });
      return prepared(child, name, expected).catch((error) => {
        child.close();
        throw error;
      });
    },
  };
}

async function prepared(child, name, expected) {
  const { digest } = await child.ask({ do: "prepare", name });
  return {
    difference: digest === digestOf(expected) ? 0 : Number.POSITIVE_INFINITY,
    run: async (times) => (await child.ask({ do: "run", times })).seconds,
    close: () => child.close(),
  };
}

/** Results are the same bits with every instruction set. */
export function digestOf({ buffer, byteOffset, byteLength }) {
  return createHash("sha256")
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest("hex");
}
