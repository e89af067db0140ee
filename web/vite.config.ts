import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The console: a folder of files that asks nothing of any other host. */
export default defineConfig({
  root: here("."),
  // Relative addresses, so that the page also works below a path of a reverse proxy.
  base: "./",
  build: {
    outDir: here("../dist/web"),
    emptyOutDir: true,
    target: "es2022",
    // Nothing becomes a data: address, which the page's policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
