import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { messageOf, UflowError } from "../error.js";
import type { Addon } from "./types.js";

const require = createRequire(import.meta.url);
const packageRoot = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Loads the native addon: a prebuilt binary for this platform, else what was compiled on this machine.
 * @throws UflowError ERR_UFLOW_NATIVE when there is neither, ERR_UFLOW_BAD_OPTION when the environment variable
 * UFLOW_INSTRUCTION_SET names vector instructions that this processor lacks.
 */
export function loadAddon(): Addon {
  try {
    return (require("node-gyp-build") as (root: string) => Addon)(packageRoot);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_UFLOW_BAD_OPTION") {
      throw new UflowError("ERR_UFLOW_BAD_OPTION", error.message, { cause: error });
    }
    throw new UflowError(
      "ERR_UFLOW_NATIVE",
      `The native core of uflow does not load (${messageOf(error)}). It is compiled when the package is installed: install a C++ compiler and run "npm rebuild uflow"; in a clone, run "npm run build".`,
      { cause: error },
    );
  }
}
