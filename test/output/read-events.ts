import { spawnSync } from "node:child_process";

interface ReadEvent {
  time: number;
  step: number;
  version?: string;
  /** 1: a session starts. */
  session?: number;
  scalars: Record<string, number>;
}

export const havePython = spawnSync("python3", ["--version"]).status === 0;

/** The events of each file as a reader in Python sees them that was written from the format's description. */
export function readEvents(paths: readonly string[]): ReadEvent[][] {
  const reader = new URL("./read_events.py", import.meta.url).pathname;
  const { stdout, stderr } = spawnSync("python3", [reader, ...paths], { encoding: "utf8" });
  if (stderr) throw new Error(stderr);
  // Python writes NaN, which JSON does not know.
  return JSON.parse(stdout.replaceAll("NaN", "null"));
}
