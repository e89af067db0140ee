// `uflow serve` in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/**
 * On a port that is free, on the CPU; ready when it is returned.
 * @param flags of the command, beyond its defaults
 */
export async function serve(model, ...flags) {
  const args = [main, "serve", model, "--port", "0", "--device", "cpu", "--log-level", "error", ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  process.once("exit", () => child.kill("SIGKILL"));
  const lines = createInterface(child.stderr);
  const url = await new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const [, found] = /^Open (.*)\/$/.exec(line) ?? [];
      if (found) resolve(found);
      else if (!line.startsWith("uflow: stopping") && line) console.error(line);
    });
    ended.then(() => reject(new Error("the service did not start")));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { url, stop, ended, memory: (what) => memoryOf(child.pid, what) };
}

/** In MB: what a process has resident (VmRSS), or has had at most (VmHWM); NaN where the system does not tell. */
function memoryOf(pid, what) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const [, kilobytes] = new RegExp(`^${what}:\\s+(\\d+)`, "m").exec(status) ?? [];
    return (Number(kilobytes) * 1024) / 1e6;
  } catch {
    return Number.NaN;
  }
}
