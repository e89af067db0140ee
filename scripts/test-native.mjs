// Builds and runs the C++ tests of the kernels.
import { spawnSync } from "node:child_process";
import { buildKernelTests, kernelTests } from "./native.mjs";
import { step } from "./tools.mjs";

const sources = ["native/kernels", "native/plain", "native/test", "CMakeLists.txt", "scripts/native.mjs"];
step("native tests", sources, "build/checks/.uflow-tests", buildKernelTests);
process.exit(spawnSync(kernelTests.path, process.argv.slice(2), { stdio: "inherit" }).status ?? 1);
