// Builds and runs the C++ tests of the kernels.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { buildKernelTests } from "./native.mjs";
import { root, step, windows } from "./tools.mjs";

const program = join(root, "build", "tests", windows ? "Debug/kernel_tests.exe" : "kernel_tests");
const sources = ["native/kernels", "native/plain", "native/test", "CMakeLists.txt", "scripts/native.mjs"];
step("native tests", sources, "build/tests/.uflow-setup", () => buildKernelTests(program));
process.exit(spawnSync(program, process.argv.slice(2), { stdio: "inherit" }).status ?? 1);
