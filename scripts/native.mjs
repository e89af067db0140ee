// Building the C++ parts: with CMake where it is installed, else by calling the compiler, so that a compiler is enough.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { answers, bin, fail, filesOf, root, run, windows } from "./tools.mjs";

const require = createRequire(import.meta.url);
const sources = (room) => filesOf(join(root, "native", room)).filter((file) => file.endsWith(".cc"));
const kernelSources = () => [...sources("kernels"), ...sources("plain")];
const cmakeWorks = () => answers("cmake") && (windows || answers("ninja") || answers("make"));
const common = ["-std=c++20", "-Wall", "-Wextra", "-ffp-contract=off"];

/** The addon, as build/Release/uflow.node. */
export function buildAddon() {
  const compiler = findCompiler();
  // A cache of CMake that was made elsewhere or by another version is of no use: the second try starts afresh.
  const built = cmakeWorks()
    ? run(bin("cmake-js"), ["compile", "--log-level", "error"]) || run(bin("cmake-js"), ["rebuild"])
    : windows
      ? run(bin("node-gyp"), ["rebuild", "--loglevel", "error"])
      : compileAddon(compiler);
  if (!built) fail("The native core could not be built; the compiler's messages are above.");
}

function compileAddon(compiler) {
  const folder = join(root, "build", "Release");
  mkdirSync(folder, { recursive: true });
  const headers = [require("node-api-headers").include_dir, require("node-addon-api").include_dir];
  const definitions = [
    "NAPI_VERSION=8",
    "NODE_ADDON_API_CPP_EXCEPTIONS",
    "NODE_ADDON_API_DISABLE_DEPRECATED",
    // In a thread that is being ended no exception can be thrown; without this the process would abort.
    "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
  ];
  const shared = process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
  return run(compiler, [
    ...common,
    ...["-O3", "-DNDEBUG", "-fPIC", "-fvisibility=hidden", ...shared],
    ...headers.flatMap((header) => ["-isystem", header]),
    ...definitions.map((definition) => `-D${definition}`),
    ...[...kernelSources(), ...sources("addon"), "-o", join(folder, "uflow.node")],
  ]);
}

/** The C++ tests as `program`, with sanitizers where the compiler has them. */
export function buildKernelTests(program) {
  const compiler = findCompiler();
  const folder = join(root, "build", "tests");
  mkdirSync(folder, { recursive: true });
  const sanitize = !windows && sanitizersWork(compiler, folder);
  if (!sanitize) console.error("native tests: this compiler has no sanitizers; they run without");
  rmSync(program, { force: true });
  if (!(cmakeWorks() ? cmakeTests(folder, sanitize) : compileTests(compiler, program, sanitize))) {
    fail("The native tests could not be built; the compiler's messages are above.");
  }
}

function cmakeTests(folder, sanitize) {
  const options = {
    UFLOW_ADDON: "OFF",
    UFLOW_TESTS: "ON",
    UFLOW_SANITIZE: sanitize ? "ON" : "OFF",
    CMAKE_BUILD_TYPE: "Debug",
  };
  const definitions = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
  const quiet = ["--log-level=ERROR", "-Wno-dev"];
  if (!run("cmake", ["-S", root, "-B", folder, ...quiet, ...definitions], { stdio: ["ignore", "ignore", 2] }))
    return false;
  return run("cmake", ["--build", folder, "--parallel", "2"], { stdio: ["ignore", "ignore", 2] });
}

function compileTests(compiler, program, sanitize) {
  const sanitizers = sanitize ? ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"] : [];
  const files = [...kernelSources(), ...sources("test")];
  return run(compiler, [
    ...common,
    "-g",
    ...sanitizers,
    "-isystem",
    join(root, "native/test"),
    ...files,
    "-o",
    program,
  ]);
}

function sanitizersWork(compiler, folder) {
  const program = join(folder, "sanitizer-check");
  const args = ["-x", "c++", "-", "-fsanitize=address,undefined", "-o", program];
  const built = run(compiler, args, { input: "int main() {}", stdio: ["pipe", "ignore", "ignore"] });
  return built && existsSync(program) && answers(program, []);
}

function findCompiler() {
  const named = process.env.CXX;
  const found = [named, "c++", "g++", "clang++", ...(windows ? ["cl"] : [])].find(
    (name) => name && answers(name, name === "cl" ? [] : ["--version"]),
  );
  if (found) return found;
  return fail(
    "No C++ compiler was found. Install one and run the command again:\n" +
      "  Debian, Ubuntu: apt-get install g++\n  Fedora: dnf install gcc-c++\n" +
      "  macOS: xcode-select --install\n  Windows: the C++ workload of Visual Studio's Build Tools, in its developer prompt",
  );
}
