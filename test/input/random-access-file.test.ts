import { execFileSync } from "node:child_process";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { RandomAccessFile } from "#uflow/input/random-access-file.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-input-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const refuse = (reason: string) => new UflowError("ERR_UFLOW_BAD_WEIGHTS", reason);
const open = (path: string) => RandomAccessFile.open(path, refuse);

describe("a file that is open for reading", () => {
  it("gives the bytes of any place, and none outside", async () => {
    const path = join(folder, "bytes");
    await writeFile(path, Uint8Array.of(1, 2, 3, 4, 5));
    const file = await open(path);
    expect(file.size).toBe(5);
    expect([...(await file.read(1, 3))]).toEqual([2, 3, 4]);
    expect([...(await file.read(5, 0))]).toEqual([]);
    for (const [start, length] of [
      [0, 6],
      [5, 1],
      [-1, 2],
      [1, -1],
      [0.5, 1],
      [Number.NaN, 1],
      [2 ** 62, 1],
      [0, 2 ** 62],
    ] as const) {
      await expect(file.read(start, length)).rejects.toThrow(/points at .* has only 5/);
    }
    await truncate(path, 2);
    await expect(file.read(0, 5)).rejects.toThrow(/cut off while it was read/);
    await file.close();
    await file.close();
    await expect(file.read(0, 1)).rejects.toMatchObject({ code: "ERR_UFLOW_CLOSED" });
  });

  it("has parts that are files of their own, and end where they end", async () => {
    const path = join(folder, "whole");
    await writeFile(path, Uint8Array.of(1, 2, 3, 4, 5, 6));
    const file = await open(path);
    const part = file.part(1, 4).part(1, 2);
    expect([...(await part.read(0, 2))]).toEqual([3, 4]);
    await expect(part.read(1, 2)).rejects.toThrow(/points at 2 bytes from 1 on, and has only 2/);
    expect(() => file.part(3, 4)).toThrow(/points at .* has only 6/);
    await file.close();
  });

  it("is refused when it is missing, a folder or a device", async () => {
    await expect(open(join(folder, "missing"))).rejects.toThrow(/^it does not exist$/);
    await expect(open(folder)).rejects.toThrow(/^it is a folder$/);
    await expect(open("a\0b")).rejects.toBeInstanceOf(UflowError);
  });

  it.skipIf(process.platform === "win32")(
    "is refused when it is a pipe, without waiting for a writer",
    async () => {
      execFileSync("mkfifo", [join(folder, "pipe")]);
      await expect(open(join(folder, "pipe"))).rejects.toThrow(/device or a pipe/);
    },
  );
});
