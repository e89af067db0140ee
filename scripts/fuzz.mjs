// Builds and runs the fuzzer of the kernels: `node scripts/fuzz.mjs [SECONDS] [options of libFuzzer]`. What it finds it
// keeps in build/fuzz/corpus and goes on from there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildFuzzer, libFuzzer, randomFuzzer } from "./native.mjs";
import { root, step } from "./tools.mjs";

const folder = join(root, "build", "fuzz");
const kind = join(folder, "kind");
const corpus = join(folder, "corpus");
const sources = [
  "native/kernels",
  "native/plain",
  "native/fuzz",
  "CMakeLists.txt",
  "scripts/fuzz.mjs",
  "scripts/native.mjs",
];

mkdirSync(corpus, { recursive: true });
step("fuzzer", sources, "build/fuzz/.uflow-setup", () => {
  writeFileSync(kind, buildFuzzer() ? "libFuzzer" : "random");
});
const [seconds = "60", ...options] = process.argv.slice(2);
const guided = existsSync(kind) && readFileSync(kind, "utf8") === "libFuzzer";
const limits = [`-max_total_time=${seconds}`, "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"];
const quiet = ["-verbosity=0", "-print_funcs=0"];
const args = guided ? [corpus, ...limits, ...quiet, ...options] : [seconds, ...options];
const { path } = guided ? libFuzzer : randomFuzzer;
const { status } = spawnSync(path, args, { cwd: folder, stdio: "inherit" });
if (status === 0)
  console.error(`fuzz: ${seconds} s with ${guided ? "libFuzzer" : "pseudo-random bytes"}: nothing found`);
process.exit(status ?? 1);
