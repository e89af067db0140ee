import { createRequire } from "node:module";
import { arch, availableParallelism, cpus, hostname, release, type } from "node:os";
import { loadAddon } from "./kernels/addon.js";
import { engineVersion } from "./version.js";

/** What this process runs on. */
export function thisMachine() {
  const onnxruntime = createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string };
  return {
    host: hostname(),
    os: `${type()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    threads: availableParallelism(),
    instructionSet: loadAddon().instructionSet,
    engine: engineVersion,
    onnxruntime: onnxruntime.version,
    node: process.version,
  };
}

export type Machine = ReturnType<typeof thisMachine>;
