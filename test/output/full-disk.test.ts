import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { onTinyDisk } from "../fixtures/tiny-disk.js";

it("a full disk leaves the old file and nothing else, and is named", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "uflow-disk-"));
  try {
    if (onTinyDisk(folder, "").status !== 0) return context.skip("mounting a disk needs root on Linux");
    const program = `
      import { readdirSync, readFileSync } from "node:fs";
      import { writeFileAtomic } from "#uflow/output/atomic-file.js";
      const path = ${JSON.stringify(join(folder, "part.uflow"))};
      await writeFileAtomic(path, Buffer.from("old"));
      const error = await writeFileAtomic(path, Buffer.alloc(2 ** 21)).catch((error) => error);
      const { code, message } = error;
      console.log(JSON.stringify({ code, message, old: readFileSync(path, "utf8"), files: readdirSync(${JSON.stringify(folder)}) }));`;
    const { stdout } = onTinyDisk(folder, program);
    expect(JSON.parse(stdout)).toEqual({
      code: "ERR_UFLOW_OUTPUT",
      message: expect.stringContaining("the disk is full"),
      old: "old",
      files: ["part.uflow"],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it("a full disk ends an event file with a warning, not the training", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "uflow-disk-"));
  try {
    if (onTinyDisk(folder, "").status !== 0) return context.skip("mounting a disk needs root on Linux");
    const program = `
      import { EventFile } from "#uflow/output/tensorboard.js";
      const warnings = [];
      const events = await EventFile.create(${JSON.stringify(folder)}, (message) => warnings.push(message));
      for (let step = 1; step <= 40000; step++) events.scalars(step, { loss: step });
      console.log(JSON.stringify(warnings));`;
    const warnings = JSON.parse(onTinyDisk(folder, program).stdout);
    expect(warnings).toEqual([expect.stringContaining("the disk is full")]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
