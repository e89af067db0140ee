// All checks of `npm test`, cheapest first: style, C++ tests, a short run of the fuzzer, then the tests of everything. Types
// were checked by the build.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { bin, root, windows } from "./tools.mjs";

const checks = [
  [bin("biome"), "check", "--error-on-warnings", "."],
  [process.execPath, join(root, "scripts/test-native.mjs")],
  [process.execPath, join(root, "scripts/fuzz.mjs"), "15"],
  [bin("vitest"), "run", ...process.argv.slice(2)],
];

for (const [command, ...args] of checks) {
  const shell = windows && command !== process.execPath;
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell });
  if (status !== 0) process.exit(status ?? 1);
}
