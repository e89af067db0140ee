// What npm does with this package, for trying it in a clone: `installInto(folder)` puts it into a Node-RED user directory. It
// is copied, not linked: Node looks for `uflow` beside the real path of what imports it. Not a part of the package.
import { cp, mkdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { glob } from "tinyglobby";

const here = fileURLToPath(new URL(".", import.meta.url));
const engine = fileURLToPath(new URL("..", import.meta.url));

/** @returns the folder of the package in the user directory. */
export async function installInto(userDir) {
  const modules = join(userDir, "node_modules");
  const { name, files } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
  const target = join(modules, name);
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  for (const file of await glob(["package.json", "README.md", ...files], { cwd: here })) {
    await cp(join(here, file), join(target, file));
  }
  await rm(join(modules, "uflow"), { force: true });
  await symlink(engine, join(modules, "uflow"), "junction");
  return target;
}
