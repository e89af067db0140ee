import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** What is installed, or what UFLOW_CHROMIUM names; undefined: there is none. */
const chromiumPath = [process.env.UFLOW_CHROMIUM, "/usr/bin/chromium", ...onPath()].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);

function onPath(): string[] {
  try {
    const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    return execFileSync("which", names, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split(
      "\n",
    );
  } catch {
    return [];
  }
}

if (!chromiumPath) {
  console.warn(
    "The console is not tested: there is no Chromium. Install it, or say where it is in UFLOW_CHROMIUM.",
  );
}

export const noBrowser = chromiumPath === undefined;

/** Without the sandbox, which root and many containers cannot have; it is our own page that is opened. */
export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox"] });
