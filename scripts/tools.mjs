// What the scripts share: running other programs, and doing a step only when its sources have changed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
export const windows = process.platform === "win32";

/** The path of a program that a dependency brings. */
export function bin(name) {
  return join(root, "node_modules", ".bin", windows ? `${name}.cmd` : name);
}

/** Whether a program is there and runs. */
export function answers(command, args = ["--version"]) {
  return spawnSync(command, args, { stdio: "ignore", shell: windows }).status === 0;
}

/** Runs a program. What it prints goes to stderr, so that stdout stays with the command that follows. */
export function run(command, args, options = {}) {
  const stdio = ["ignore", 2, 2];
  return spawnSync(command, args, { cwd: root, stdio, shell: windows, ...options }).status === 0;
}

export function fail(message) {
  console.error(`setup: ${message}`);
  process.exit(1);
}

/** Runs `work` unless the content of `sources` is what it was when it last succeeded. */
export function step(name, sources, stamp, work) {
  const stampFile = join(root, stamp);
  const state = fingerprint(sources);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === state) return;
  const start = performance.now();
  console.error(`setup: ${name} …`);
  work();
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, state);
  console.error(`setup: ${name} done in ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

function fingerprint(sources) {
  const hash = createHash("sha256").update(
    `${process.platform} ${process.arch} ${process.versions.modules} ${root}`,
  );
  for (const file of sources.flatMap((source) => filesOf(join(root, source)))) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** All files below a path, in an order that is the same everywhere. */
export function filesOf(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}
