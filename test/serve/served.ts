import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** `uflow serve` in a process of its own, which `Symbol.asyncDispose` kills. */
export interface Served extends AsyncDisposable {
  url: string;
  child: ChildProcess;
  /** Exit status and signal. */
  ended: Promise<[number | null, NodeJS.Signals | null]>;
}

export async function serve(model: string, ...flags: string[]): Promise<Served> {
  const args = [main, "serve", model, "--port", "0", "--log-level", "silent", ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit") as Served["ended"];
  for await (const line of createInterface(child.stderr!)) {
    const [, url] = /^Open (.*)\/$/.exec(line) ?? [];
    if (!url) continue;
    // Or it would be killed by what it says next.
    child.stderr!.resume();
    const kill = async () => {
      child.kill("SIGKILL");
      await ended;
    };
    return { url, child, ended, [Symbol.asyncDispose]: kill };
  }
  throw new Error("The service did not start");
}
