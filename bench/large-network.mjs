// How much memory does it take to build the network of MS-CaiT, whose weights are 1.3 GB, and to open and run it?
//
//   node bench/large-network.mjs [--threads 2]
//
// With random weights, in this process: its largest resident size (VmHWM of /proc, so on Linux only) during each step, pages of
// the mapped file included, and what is not of files (RssAnon) after it. A minute.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Network, side } from "./networks/network.mjs";
import { tensor } from "./networks/tensor.mjs";
import { alignedTable } from "./report/table.mjs";

const { values } = parseArgs({ options: { threads: { type: "string", default: "2" } } });
const rows = [["step", "seconds", "largest, MB", "then not of files, MB"]];

async function watched(name, work) {
  // Begins a new VmHWM.
  writeFileSync("/proc/self/clear_refs", "5");
  const start = performance.now();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  rows.push([name, seconds.toFixed(1), megabytes("VmHWM"), megabytes("RssAnon")]);
  return result;
}

function megabytes(what) {
  const [, kilobytes] = new RegExp(`^${what}:\\s+(\\d+)`, "m").exec(
    readFileSync("/proc/self/status", "utf8"),
  );
  return ((Number(kilobytes) * 1024) / 1e6).toFixed(0);
}

await watched("nothing but the library", async () => {});
const network = await watched("build", () => Network.build("mcait"));
const session = await watched("open", () => network.ours(Number(values.threads)));
await watched("one image", () => session.run(tensor([1, 3, side, side])));
console.log(alignedTable(rows));
await session.close();
network.close();
