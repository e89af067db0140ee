// What does it cost that maps are made in memory that is fresh from the system? nfaTreeMap for MS-CaiT@448, with glibc's
// defaults and with freed memory kept: node bench/fresh-memory.mjs
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { energy, nfaTreeMap } from "../dist/kernels/index.js";
import { keptMemory } from "./drivers/kept-memory.mjs";
import { latentsOf } from "./inputs.mjs";

const self = fileURLToPath(import.meta.url);

if (process.argv[2] === "measure") {
  console.log(JSON.stringify(measure(1000)));
} else {
  for (const [name, settings] of Object.entries({
    "glibc's defaults": {},
    "freed memory kept": keptMemory,
  })) {
    const env = { ...process.env, ...settings };
    const { stdout } = spawnSync(process.execPath, [self, "measure"], { env, encoding: "utf8" });
    const { minimum, median, slowest } = JSON.parse(stdout);
    console.log(`${name}: minimum ${minimum} ms, median ${median} ms, 90 % within ${slowest} ms`);
  }
}

function measure(count) {
  const { latents, size } = latentsOf("MS-CaiT@448");
  const energies = latents.map((latent) => energy(latent));
  const times = Array.from({ length: count }, () => {
    const start = performance.now();
    nfaTreeMap(energies, { ...size, tail: "chernoff" });
    return performance.now() - start;
  }).sort((a, b) => a - b);
  const at = (share) => Number(times[Math.floor(share * (count - 1))].toFixed(2));
  return { minimum: at(0), median: at(0.5), slowest: at(0.9) };
}
