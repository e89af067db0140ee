// Formats the C++ sources with clang-format, which is not among the dependencies: it comes with Clang.
import { join } from "node:path";
import { answers, filesOf, root, run } from "./tools.mjs";

if (!answers("clang-format")) {
  console.error("format: clang-format is not installed; the C++ sources are left as they are");
} else {
  const folders = ["native", "bench/native"].map((folder) => join(root, folder));
  const ours = folders.flatMap(filesOf).filter((file) => /\.(h|cc)$/.test(file) && !file.includes("doctest"));
  process.exitCode = run("clang-format", ["-i", ...ours]) ? 0 : 1;
}
