import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { openAuditStore } from "#uflow/records/audit/store.js";
import { scratch } from "../frames.js";

/** Writes records and says which are there, until it is killed. */
const program = `
  import { openAuditStore } from "#uflow/records/audit/store.js";
  import { Recorder } from "#uflow/records/recorder.js";
  const store = await openAuditStore(process.argv[1], { linger: 1 });
  const recorder = new Recorder({ after: store.last });
  const outcome = { verdict: "undecided", reason: "deadline", error: { code: "ERR_UFLOW_BUSY", message: "x".repeat(1000) } };
  const made = () => recorder.record({ outcome, image: { name: "part", sha256: null }, model: { name: "m", sha256: "" }, settings: {} });
  const one = async () => {
    for (;;) {
      const record = made();
      if (await store.write(record)) process.stdout.write(record.id + "\\n");
    }
  };
  await Promise.all(Array.from({ length: 20 }, one));`;

function killedAfter(path: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said += text;
    if (said.split("\n").length > lines) child.kill("SIGKILL");
  });
  return new Promise((resolve) => child.on("close", () => resolve(said.split("\n").slice(0, -1))));
}

it("what was acknowledged is there after a kill, and the chain is whole", async () => {
  await using place = await scratch();
  const path = place.path("a.db");
  const acknowledged = [...(await killedAfter(path, 100)), ...(await killedAfter(path, 150))];
  await using store = await openAuditStore(path);
  const found = new Set<string>();
  for await (const { id } of store.list()) found.add(id);
  expect(acknowledged.length).toBeGreaterThanOrEqual(250);
  expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
  expect(await store.verify()).toMatchObject({ intact: true, problems: [] });
});
