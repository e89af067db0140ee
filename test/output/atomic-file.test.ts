import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkWritable, ensureFolder, writeFileAtomic } from "#uflow/output/atomic-file.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "uflow-output-"));
});
afterEach(() => rm(root, { recursive: true }));

const text = (content: string) => Buffer.from(content);
const refused = (message: RegExp) => ({ code: "ERR_UFLOW_OUTPUT", message: expect.stringMatching(message) });
const linux = process.platform === "linux";

describe("writeFileAtomic", () => {
  it("writes a file, makes its folders and replaces what was there", async () => {
    const path = join(root, "a/b/model.uflow");
    await writeFileAtomic(path, text("first"));
    await writeFileAtomic(path, text("second"));
    expect(await readFile(path, "utf8")).toBe("second");
    expect(await readdir(join(root, "a/b"))).toEqual(["model.uflow"]);
  });

  it("never shows half a file to a reader", async () => {
    const path = join(root, "map.npy");
    const contents = [Buffer.alloc(200_000, 1), Buffer.alloc(200_000, 2)];
    await writeFileAtomic(path, contents[0]!);
    let writing = true;
    const writer = (async () => {
      for (let i = 0; i < 20; i++) await writeFileAtomic(path, contents[i % 2]!);
      writing = false;
    })();
    while (writing) {
      const seen = await readFile(path);
      expect(seen.length).toBe(200_000);
      expect(seen.equals(contents[seen[0]! - 1]!)).toBe(true);
    }
    await writer;
  });

  it("leaves an old file and no temporary when bytes cannot be written", async () => {
    const path = join(root, "model.uflow");
    await writeFile(path, "old");
    const notBytes = 7 as unknown as Uint8Array;
    await expect(writeFileAtomic(path, notBytes)).rejects.toMatchObject({ code: "ERR_UFLOW_OUTPUT" });
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(root)).toEqual(["model.uflow"]);
  });

  it("says in plain words what is in the way", async () => {
    await writeFile(join(root, "file"), "");
    await mkdir(join(root, "folder"));
    await expect(writeFileAtomic(join(root, "file/x.png"), text(""))).rejects.toMatchObject(
      refused(/path is a file/),
    );
    await expect(writeFileAtomic(join(root, "folder"), text(""))).rejects.toMatchObject(
      refused(/it is a folder/),
    );
    const long = join(root, `${"x".repeat(300)}.png`);
    await expect(writeFileAtomic(long, text(""))).rejects.toMatchObject(refused(/too long/));
    expect((await readdir(root)).sort()).toEqual(["file", "folder"]);
    expect(await readdir(join(root, "folder"))).toEqual([]);
  });

  it("goes through a link to the file that it points to", async () => {
    await writeFile(join(root, "v1.uflow"), "old");
    await symlink("v1.uflow", join(root, "current.uflow"));
    await writeFileAtomic(join(root, "current.uflow"), text("new"));
    expect(await readFile(join(root, "v1.uflow"), "utf8")).toBe("new");
  });

  it.runIf(linux)("does not replace devices", async () => {
    await expect(writeFileAtomic("/dev/null", text("x"))).rejects.toMatchObject(
      refused(/a device or a pipe/),
    );
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
    await expect(writeFileAtomic("/proc/uflow/x", text("x"))).rejects.toMatchObject(refused(/Cannot write/));
  });
});

describe("checkWritable", () => {
  it("leaves nothing behind, neither files nor folders", async () => {
    await writeFile(join(root, "model.uflow"), "old");
    const before = (await stat(join(root, "model.uflow"))).mtimeMs;
    await checkWritable(join(root, "model.uflow"));
    await checkWritable(join(root, "new/folders/model.uflow"));
    expect(await readdir(root)).toEqual(["model.uflow"]);
    expect((await stat(join(root, "model.uflow"))).mtimeMs).toBe(before);
  });

  it("refuses what could not be written later", async () => {
    await writeFile(join(root, "file"), "");
    await expect(checkWritable(root)).rejects.toMatchObject(refused(/it is a folder/));
    await expect(checkWritable(join(root, "file/a/b.uflow"))).rejects.toMatchObject(
      refused(/path is a file/),
    );
    const long = join(root, "to be made", `${"x".repeat(300)}.uflow`);
    await expect(checkWritable(long)).rejects.toMatchObject(refused(/the name is too long/));
    if (linux) await expect(checkWritable("/proc/uflow/x")).rejects.toMatchObject(refused(/Cannot write/));
  });
});

it("makes folders, and says when a file is in the way", async () => {
  await ensureFolder(join(root, "a/b"));
  await ensureFolder(join(root, "a/b"));
  expect((await stat(join(root, "a/b"))).isDirectory()).toBe(true);
  await writeFile(join(root, "file"), "");
  await expect(ensureFolder(join(root, "file"))).rejects.toMatchObject(refused(/path is a file/));
});
