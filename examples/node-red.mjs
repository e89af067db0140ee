// Node-RED with the uflow nodes and a flow that inspects what is posted: node examples/node-red.mjs [MODEL]
// It takes the Node-RED of the clone, and a user directory of its own: examples/out/node-red.
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { installInto } from "../node-red/clone.mjs";

const [model = "uflow-demo/plate.uflow", userDir = "examples/out/node-red"] = process.argv.slice(2);
const port = process.env.PORT ?? "1880";

await mkdir(userDir, { recursive: true });
const installed = await installInto(resolve(userDir));
const flow = JSON.parse(await readFile(join(installed, "examples/inspect over HTTP.json"), "utf8"));
const own = flow.map((node) => (node.type === "uflow-model" ? { ...node, file: resolve(model) } : node));
await writeFile(join(userDir, "flows.json"), JSON.stringify(own, null, 2));
// Not of the clone's kind: settings and nodes of Node-RED are CommonJS.
await writeFile(join(userDir, "package.json"), '{ "private": true, "type": "commonjs" }\n');

console.log(`The editor: http://127.0.0.1:${port}`);
console.log(
  `Try: curl --data-binary @part.png -H "Content-Type: image/png" http://127.0.0.1:${port}/inspect`,
);
const nodeRed = createRequire(import.meta.url).resolve("node-red/red.js");
const child = spawn(
  process.execPath,
  [nodeRed, "--userDir", userDir, "--port", port, "-D", "uiHost=127.0.0.1"],
  { stdio: "inherit" },
);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (status) => {
  process.exitCode = status ?? 0;
});
