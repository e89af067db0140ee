import { homedir } from "node:os";
import { join, resolve } from "node:path";

/**
 * The folder in which weights are kept: `UFLOW_HOME`, else where the system keeps what can be fetched again
 * (`$XDG_CACHE_HOME/uflow` or `~/.cache/uflow`; `~/Library/Caches/uflow` on macOS, `%LOCALAPPDATA%\uflow` on Windows).
 * An empty variable counts as none. The folder need not exist.
 */
export function cacheHome(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  return env.UFLOW_HOME ? resolve(env.UFLOW_HOME) : join(systemCache(env, platform), "uflow");
}

function systemCache(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === "win32") return env.LOCALAPPDATA || join(homedir(), "AppData", "Local");
  if (platform === "darwin") return join(homedir(), "Library", "Caches");
  return env.XDG_CACHE_HOME || join(homedir(), ".cache");
}
