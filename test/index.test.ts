import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import * as uflow from "#uflow/index.js";

const index = new URL("../dist/index.js", import.meta.url).href;

/** Packages (those that are CommonJS) that are loaded after an import of the door and a call. */
function loadedBy(call: string): string[] {
  const program = `import(${JSON.stringify(index)})
    .then((uflow) => { ${call} })
    .catch(() => undefined)
    .then(() => console.log(JSON.stringify(Object.keys(require("module")._cache))));`;
  const files: string[] = JSON.parse(execFileSync(process.execPath, ["-e", program], { encoding: "utf8" }));
  return files.map((file) => file.replace(/^.*node_modules[\\/]/, "").split(/[\\/]/)[0]!);
}

it("loads what a program that inspects does not need only when it is called", () => {
  const needed = loadedBy("");
  expect(needed).toContain("node-gyp-build");
  for (const unneeded of ["sharp", "csv-parse", "opentype.js", "undici", "fastify"]) {
    expect(needed).not.toContain(unneeded);
  }
  expect(loadedBy('return uflow.drawOverlay("no-image.png", {})')).toContain("sharp");
});

it("rejects, whatever is wrong", async () => {
  const called = [
    uflow.train,
    uflow.evaluate,
    uflow.evaluateAll,
    uflow.recalibrate,
    uflow.verify,
    uflow.exportModel,
  ];
  for (const each of called) {
    await expect((each as (options: unknown) => Promise<unknown>)({ wrong: true })).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_OPTION",
    });
  }
});
