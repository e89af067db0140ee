// Puts the native core where an installed package looks for one, so that users of this platform need no compiler. What was there
// before goes: a core of other sources than the JavaScript beside it would fail at its users'.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./tools.mjs";

const { platform, arch, report } = process;
const folder = join(root, "prebuilds", `${platform}-${arch}`);
// node-gyp-build reads in the name which C library it wants.
const library =
  platform === "linux" ? (report.getReport().header.glibcVersionRuntime ? ".glibc" : ".musl") : "";
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, "build", "Release", "uflow.node"), join(folder, `uflow${library}.node`));
