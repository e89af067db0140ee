import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeForgotten, temporaryName } from "#uflow/output/temporary-name.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-temporary-"));
});
afterEach(() => rm(folder, { recursive: true }));

const create = (name: string) => writeFile(join(folder, name), "half");
const aged = async (name: string, hours: number) => {
  await create(name);
  const then = Date.now() / 1000 - hours * 3600;
  await utimes(join(folder, name), then, then);
};

describe("forgotten temporary files", () => {
  it("are those that nobody has written to for a day, whoever it was", async () => {
    const names = [
      temporaryName(),
      ".uflow-0123456789ab.tmp",
      ".uflow-0123456789abcdef-1-1-0123456789ab.tmp",
    ];
    for (const name of names) await aged(name, 23);
    await removeForgotten(folder);
    expect((await readdir(folder)).sort()).toEqual(names.toSorted());
    for (const name of names) await aged(name, 25);
    await create("model.uflow");
    await removeForgotten(folder);
    expect(await readdir(folder)).toEqual(["model.uflow"]);
  });

  it("are looked for in folders that are not there", async () => {
    await expect(removeForgotten(join(folder, "none"))).resolves.toBeUndefined();
  });
});

describe.runIf(process.platform === "linux")("on Linux, temporary files", () => {
  it("of a process are kept while it lives, and removed as soon as it was killed", async () => {
    const program = `import { AtomicFile } from "#uflow/output/atomic-file.js";
      const file = await AtomicFile.start(${JSON.stringify(folder)});
      await file.append(new Uint8Array(10));
      console.log("started");
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    await removeForgotten(folder);
    expect((await readdir(folder)).length).toBe(1);
    child.kill("SIGKILL");
    await ended;
    await removeForgotten(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  it("are of a process by its start, not by its number alone, which another may have later", async () => {
    const own = temporaryName();
    const [, place, pid, start, rest] = own.match(/^\.uflow-(\w+)-(\d+)-(\d+)-(\w+)\.tmp$/)!;
    expect(Number(pid)).toBe(process.pid);
    await create(own);
    await create(`.uflow-${place}-${pid}-${Number(start) + 1}-${rest}.tmp`);
    await removeForgotten(folder);
    expect(await readdir(folder)).toEqual([own]);
  });

  it("of another machine are kept, whose processes cannot be seen", async () => {
    const [, pid, start] = temporaryName().match(/-(\d+)-(\d+)-\w+\.tmp$/)!;
    const foreign = `.uflow-0123456789abcdef-${pid}-${Number(start) + 1}-0123456789ab.tmp`;
    await create(foreign);
    await removeForgotten(folder);
    expect(await readdir(folder)).toEqual([foreign]);
  });
});
