// Building the C++ parts: with CMake where it is installed, else by calling the compiler, so that a compiler is enough.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { answers, bin, fail, filesOf, root, run, windows } from "./tools.mjs";

const require = createRequire(import.meta.url);
const sources = (room) => filesOf(join(root, "native", room)).filter((file) => file.endsWith(".cc"));
const kernelSources = () => [...sources("kernels"), ...sources("plain")];
const cmakeWorks = () => answers("cmake") && (windows || answers("ninja") || answers("make"));
const common = ["-std=c++20", "-Wall", "-Wextra", "-ffp-contract=off", "-fno-math-errno", "-pthread"];

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
    // Hides the functions that make buffers over memory of ours, which Electron refuses.
    "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED",
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
  const sanitize = !windows && flagsWork(compiler, sanitizers);
  if (!sanitize) console.error("native tests: this compiler has no sanitizers; they run without");
  buildProgram(program, { room: "test", option: "UFLOW_TESTS", compiler, sanitize, type: "Debug" });
}

/**
 * The fuzzer of the kernels as `program`: with libFuzzer where Clang has it, else one that feeds pseudo-random bytes.
 * @returns whether it is libFuzzer
 */
export function buildFuzzer(program) {
  const clang = ["clang++", ...versions.map((version) => `clang++-${version}`)].find(
    (name) => answers(name) && flagsWork(name, ["-fsanitize=fuzzer,address,undefined"], fuzzerStub),
  );
  const compiler = clang ?? findCompiler();
  const sanitize = !windows && flagsWork(compiler, sanitizers);
  const type = "RelWithDebInfo";
  buildProgram(program, {
    room: "fuzz",
    option: "UFLOW_FUZZ",
    compiler,
    sanitize,
    type,
    fuzzer: Boolean(clang),
  });
  return Boolean(clang);
}

const versions = [20, 19, 18, 17, 16, 15, 14];
const sanitizers = ["-fsanitize=address,undefined"];
const fuzzerStub =
  '#include <cstdint>\n#include <cstddef>\nextern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }';

function buildProgram(program, build) {
  const folder = dirname(program);
  mkdirSync(folder, { recursive: true });
  rmSync(program, { force: true });
  if (!(cmakeWorks() ? cmakeProgram(folder, build) : compileProgram(program, build))) {
    fail(`The native ${build.room} program could not be built; the compiler's messages are above.`);
  }
}

function cmakeProgram(folder, { option, compiler, sanitize, type }) {
  const options = {
    CMAKE_CXX_COMPILER: compiler,
    CMAKE_BUILD_TYPE: type,
    UFLOW_ADDON: "OFF",
    [option]: "ON",
    UFLOW_SANITIZE: sanitize ? "ON" : "OFF",
  };
  const definitions = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
  const quiet = ["--log-level=ERROR", "-Wno-dev"];
  const silent = { stdio: ["ignore", "ignore", 2] };
  if (!run("cmake", ["-S", root, "-B", folder, ...quiet, ...definitions], silent)) return false;
  return run("cmake", ["--build", folder, "--parallel", "2"], silent);
}

function compileProgram(program, { room, compiler, sanitize, type, fuzzer }) {
  const files = [...kernelSources(), ...sources(room)];
  return run(compiler, [
    ...common,
    ...(type === "Debug" ? ["-g"] : ["-g", "-O2"]),
    ...(sanitize ? [...sanitizers, "-fno-sanitize-recover=all"] : []),
    ...(fuzzer ? ["-fsanitize=fuzzer", "-DUFLOW_LIBFUZZER"] : []),
    ...["-isystem", join(root, "native/test"), ...files, "-o", program],
  ]);
}

/** Whether a program built with these flags runs. */
function flagsWork(compiler, flags, source = "int main() {}") {
  const folder = join(root, "build");
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "flags-check");
  const args = ["-x", "c++", "-", ...flags, "-o", program];
  const built = run(compiler, args, { input: source, stdio: ["pipe", "ignore", "ignore"] });
  return built && existsSync(program) && answers(program, source.includes("main") ? [] : ["-runs=0"]);
}

/** CXX, else the first compiler that answers; undefined where there is none. */
export function availableCompiler() {
  const named = process.env.CXX;
  return [named, "c++", "g++", "clang++", ...(windows ? ["cl"] : [])].find(
    (name) => name && answers(name, name === "cl" ? [] : ["--version"]),
  );
}

function findCompiler() {
  const found = availableCompiler();
  if (found) return found;
  return fail(
    "No C++ compiler was found. Install one and run the command again:\n" +
      "  Debian, Ubuntu: apt-get install g++\n  Fedora: dnf install gcc-c++\n" +
      "  macOS: xcode-select --install\n  Windows: the C++ workload of Visual Studio's Build Tools, in its developer prompt",
  );
}
