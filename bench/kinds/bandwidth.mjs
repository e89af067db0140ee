// How near a kernel comes to the speed of the memory: bytes that must be moved, per second, against a plain C++ loop
// that reads or copies a block which fits no cache.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { availableCompiler } from "../../scripts/native.mjs";
import { root } from "../../scripts/tools.mjs";
import { NotAvailable } from "../drivers/not-available.mjs";

const program = join(root, "build/bench/bandwidth");

/** Bytes per second: { read, copy }; a copied byte counts twice, since it is read and written. */
export function memoryBandwidth(megabytes) {
  const compiler = availableCompiler();
  if (!compiler || compiler === "cl")
    throw new NotAvailable("no GCC or Clang, which compiles the loops to compare with");
  mkdirSync(dirname(program), { recursive: true });
  const source = join(root, "bench/native/bandwidth.cc");
  const built = spawnSync(compiler, ["-std=c++20", "-O3", source, "-o", program], {
    stdio: ["ignore", 2, 2],
  });
  if (built.status !== 0) throw new NotAvailable(`${compiler} does not compile bench/native/bandwidth.cc`);
  return JSON.parse(spawnSync(program, [String(megabytes)], { encoding: "utf8" }).stdout);
}

/** A reduction is compared with reading, a map with copying. */
export function bandwidth({ read, written }, seconds, memory) {
  const against = written * 16 < read ? "read" : "copy";
  const bytesPerSecond = (read + written) / seconds;
  return { bytesPerSecond, against, share: bytesPerSecond / memory[against] };
}
