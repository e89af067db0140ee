/** Names of files that are not finished, which say who writes them, so that what a killed process leaves is found. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const pattern = /^\.uflow-(?:([0-9a-f]{16})-(\d+)-(\d+)-)?[0-9a-f]{12}\.tmp$/;
const day = 24 * 60 * 60 * 1000;

/** Short, whatever the file is called: names have a longest length. Hidden, so that no glob takes it. */
export function temporaryName(): string {
  const [here, start] = [whereNumbersCount(), startOf(process.pid)];
  const owner = here && start ? `${here}-${process.pid}-${start}-` : "";
  return `.uflow-${owner}${randomBytes(6).toString("hex")}.tmp`;
}

/**
 * Removes temporary files that killed processes have left in a folder: on Linux at once those of this machine (or container), and
 * of others, whose processes cannot be seen, those that nobody has written to for a day.
 */
export async function removeForgotten(folder: string): Promise<void> {
  const here = whereNumbersCount();
  for (const entry of await readdir(folder).catch(() => [])) {
    const [match, place, number, start] = pattern.exec(entry) ?? [];
    if (match === undefined) continue;
    const path = join(folder, entry);
    const ended = here !== undefined && place === here && !isAlive(Number(number), start!);
    if (ended || (await isOld(path))) await rm(path, { force: true }).catch(() => undefined);
  }
}

async function isOld(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  return Date.now() - mtimeMs > day;
}

/** Where the number of a process means the same one: a start of the machine, and a container in it. Undefined but on Linux. */
function whereNumbersCount(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    return createHash("sha256")
      .update(boot + readlinkSync("/proc/self/ns/pid"))
      .digest("hex")
      .slice(0, 16);
  } catch {
    return undefined;
  }
}

/** When a process was started, in ticks of the system; undefined where that cannot be seen. */
function startOf(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The 22nd field; the second is the program's name in brackets, and may hold anything.
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Whether the process runs, and is not a later one that has the number of the one that started then. */
function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const found = startOf(pid);
  return found === undefined || found === start;
}
