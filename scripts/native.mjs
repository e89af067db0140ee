// Building the C++ parts: with CMake where it is installed, else by calling the compiler, so that a compiler is enough.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { answers, bin, fail, filesOf, root, run, windows } from "./tools.mjs";

const require = createRequire(import.meta.url);
const sources = (room) => filesOf(join(root, "native", room)).filter((file) => file.endsWith(".cc"));
const kernelSources = () => [...sources("kernels"), ...sources("plain")];
const cmakeWorks = () => answers("cmake") && (windows || answers("ninja") || answers("make"));
/** Make, which CMake takes where there is no Ninja, would compile one file after the other. */
const parallel = ["--parallel", "2"];
const common = ["-std=c++20", "-Wall", "-Wextra", "-ffp-contract=off", "-fno-math-errno", "-pthread"];

/** The addon, as build/Release/uflow.node. */
export function buildAddon() {
  const compiler = findCompiler();
  // A cache of CMake that was made elsewhere or by another version is of no use: the second try starts afresh.
  const built = cmakeWorks()
    ? run(bin("cmake-js"), ["compile", "--log-level", "error", ...parallel]) ||
      run(bin("cmake-js"), ["rebuild", ...parallel])
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

/** Programs that check the kernels, and share what is compiled of them. */
export const kernelTests = checkProgram("checks", "kernel_tests");
export const randomFuzzer = checkProgram("checks", "kernel_fuzz");
/** Not this one: libFuzzer's instruments are in every part of it. */
export const libFuzzer = checkProgram("fuzz", "kernel_fuzz");

function checkProgram(place, name) {
  const folder = join(root, "build", place);
  return { name, folder, path: join(folder, windows ? `Debug/${name}.exe` : name) };
}

/** The C++ tests, with sanitizers where the compiler has them. */
export function buildKernelTests() {
  const compiler = findCompiler();
  const sanitize = !windows && flagsWork(compiler, sanitizers);
  if (!sanitize) console.error("native tests: this compiler has no sanitizers; they run without");
  buildProgram(kernelTests, { room: "test", compiler, sanitize });
}

/**
 * The fuzzer of the kernels: with libFuzzer where Clang has it, else one that feeds pseudo-random bytes.
 * @returns whether it is libFuzzer
 */
export function buildFuzzer() {
  const clang = ["clang++", ...versions.map((version) => `clang++-${version}`)].find(
    (name) => answers(name) && flagsWork(name, ["-fsanitize=fuzzer,address,undefined"], fuzzerStub),
  );
  const compiler = clang ?? findCompiler();
  const sanitize = !windows && flagsWork(compiler, sanitizers);
  buildProgram(clang ? libFuzzer : randomFuzzer, {
    room: "fuzz",
    compiler,
    sanitize,
    fuzzer: Boolean(clang),
  });
  return Boolean(clang);
}

const versions = [20, 19, 18, 17, 16, 15, 14];
const sanitizers = ["-fsanitize=address,undefined"];
const fuzzerStub =
  '#include <cstdint>\n#include <cstddef>\nextern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }';

function buildProgram(program, build) {
  mkdirSync(dirname(program.path), { recursive: true });
  rmSync(program.path, { force: true });
  if (!(cmakeWorks() ? cmakeProgram(program, build) : compileProgram(program.path, build))) {
    fail(`The native ${build.room} program could not be built; the compiler's messages are above.`);
  }
}

/** Both programs are always known to CMake, so that the second finds what the first has compiled. */
function cmakeProgram({ name, folder }, { compiler, sanitize, fuzzer = false }) {
  const options = {
    CMAKE_CXX_COMPILER: compiler,
    CMAKE_BUILD_TYPE: "Debug",
    UFLOW_ADDON: "OFF",
    UFLOW_TESTS: "ON",
    UFLOW_FUZZ: "ON",
    UFLOW_LIBFUZZER: fuzzer ? "ON" : "OFF",
    UFLOW_SANITIZE: sanitize ? "ON" : "OFF",
  };
  const definitions = Object.entries(options).map(([name, value]) => `-D${name}=${value}`);
  const quiet = ["--log-level=ERROR", "-Wno-dev"];
  const silent = { stdio: ["ignore", "ignore", 2] };
  if (!run("cmake", ["-S", root, "-B", folder, ...quiet, ...definitions], silent)) return false;
  return run("cmake", ["--build", folder, "--target", name, ...parallel], silent);
}

function compileProgram(program, { room, compiler, sanitize, fuzzer }) {
  const files = [...kernelSources(), ...sources(room)];
  return run(compiler, [
    ...common,
    ...["-g", "-O1"],
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
