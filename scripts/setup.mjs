// Brings a fresh clone to a state in which everything runs: dependencies, native addon, TypeScript.
// Uses nothing but Node itself, repeats only what has changed, and says plainly what is missing.
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { bin, fail, root, run, step } from "./tools.mjs";

const options = process.argv.slice(2);
const buildOnly = options.includes("--build-only");
const unknown = options.filter((option) => option !== "--build-only");

if (unknown.length > 0) fail(`Unknown option ${unknown[0]}; there is only --build-only.`);
checkNode();
if (!buildOnly) {
  step(
    "dependencies",
    ["package.json", "package-lock.json"],
    "node_modules/.uflow-setup",
    installDependencies,
  );
}
const { buildAddon } = await import("./native.mjs");
const nativeSources = [
  "native/kernels",
  "native/plain",
  "native/addon",
  "CMakeLists.txt",
  "binding.gyp",
  "scripts/native.mjs",
];
step("native core", nativeSources, "build/.uflow-setup", buildAddon);
step("TypeScript", ["src", "tsconfig.json", "package-lock.json"], "dist/.uflow-setup", compileTypeScript);
step("console", ["web", "package-lock.json"], "dist/.uflow-console", buildConsole);

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) fail(`Node ${process.versions.node} is too old; uflow needs Node 20 or newer.`);
}

/**
 * Install scripts are off: onnxruntime-node's would download the CUDA provider, and our own native core is built by
 * the next step. All other native dependencies come prebuilt from the registry.
 */
function installDependencies() {
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  if (!npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { env }))
    fail("The dependencies could not be installed. Is the npm registry reachable?");
}

/** By the npm that runs this script, if one does: a dependency brings another, which comes first in the PATH below `npm run`. */
function npm(args, options) {
  const { npm_execpath: running = "" } = process.env;
  if (basename(running) !== "npm-cli.js") return run("npm", args, options);
  return run(process.execPath, [running, ...args], { ...options, shell: false });
}

/** From nothing, so that what came of sources that are gone is gone too. */
function compileTypeScript() {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  if (!run(bin("tsc"), ["--project", "tsconfig.json"])) fail("The TypeScript sources could not be compiled.");
}

/** Into dist/web. Vite strips types and does not check them. */
function buildConsole() {
  if (!run(bin("tsc"), ["--project", "web/tsconfig.json"])) fail("The console has errors of types.");
  const quietly = ["--config", "web/vite.config.ts", "--logLevel", "warn"];
  if (!run(bin("vite"), ["build", ...quietly])) fail("The console could not be built.");
}
