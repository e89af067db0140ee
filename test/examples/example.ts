import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** An example that runs, as its README starts it. */
export class Example implements AsyncDisposable {
  private output = "";
  private readonly child: ChildProcess;
  private readonly exit: Promise<number | null>;

  constructor(file: string, args: readonly string[], environment: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [`examples/${file}`, ...args], {
      cwd: root,
      env: { ...process.env, PORT: "0", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that what it starts itself can be ended with it.
      detached: true,
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.output += text;
        this.child.emit("said");
      });
    }
    this.exit = once(this.child, "close").then(([status]) => status);
  }

  /** What the pattern finds in all that was said, as soon as it does so many times. */
  async said(pattern: RegExp, times = 1): Promise<RegExpMatchArray[]> {
    for (;;) {
      const found = [...this.output.matchAll(new RegExp(pattern, "g"))];
      if (found.length >= times) return found;
      if (this.child.exitCode !== null)
        throw new Error(`It ended with ${this.child.exitCode}: ${this.output}`);
      await Promise.race([once(this.child, "said"), this.exit]);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** @returns the exit status, and all that was said. */
  async ended(): Promise<{ status: number | null; output: string }> {
    return { status: await this.exit, output: this.output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    endGroup(this.child.pid!);
    await this.exit;
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // all have ended already
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Posts bytes as an image. */
export async function post(url: string, bytes: Uint8Array): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: "POST",
    body: bytes,
    headers: { "Content-Type": "image/png" },
  });
  return { status: response.status, body: await response.json() };
}
