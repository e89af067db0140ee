// What the figures were measured on.
import { spawnSync } from "node:child_process";
import { cpus, loadavg, totalmem, type } from "node:os";
import { loadAddon } from "../../dist/kernels/addon.js";
import { availableCompiler } from "../../scripts/native.mjs";

/** To be asked before anything is measured: the load is that of the others. */
export function machine(python) {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? process.arch,
    cores: processors.length,
    load: Number(loadavg()[0].toFixed(1)),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${process.arch}`,
    node: process.version,
    instructionSet: loadAddon().instructionSet,
    compiler: compilerVersion(),
    python,
  };
}

function compilerVersion() {
  const compiler = availableCompiler();
  if (!compiler) return "none";
  return spawnSync(compiler, ["--version"], { encoding: "utf8" }).stdout.split("\n")[0] || compiler;
}

export function machineLine({
  processor,
  cores,
  load,
  memoryGiB,
  system,
  node,
  instructionSet,
  compiler,
  python,
}) {
  const line = `${processor}, ${cores} cores (one used), ${memoryGiB} GiB, ${system}; Node ${node}, ${instructionSet}; ${compiler}; ${python}`;
  return line + busyNote({ load, cores });
}

export function busyNote({ load, cores }) {
  const busy = load > cores / 2;
  return busy ? `. The machine was busy (load ${load} before the start): these figures are rough` : "";
}
