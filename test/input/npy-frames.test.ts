import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UflowError } from "#uflow/error.js";
import { NpyFrames } from "#uflow/input/npy-frames.js";
import { npy } from "../image/datasets/tree.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-npy-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function open(bytes: Uint8Array): Promise<NpyFrames> {
  const path = join(folder, "file.npy");
  await writeFile(path, bytes);
  return NpyFrames.open(path, (reason) => new UflowError("ERR_UFLOW_BAD_IMAGE", reason));
}

it("reads integers of any width and byte order as yes or no", async () => {
  const labels = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 4);
  for (const type of ["<i4", ">u4"]) {
    await using file = await open(npy(type, [3], labels));
    expect([...(await file.readAll())]).toEqual([0, 1, 1]);
  }
  await using frames = await open(npy("|b1", [2, 1, 3], Uint8Array.of(1, 0, 0, 0, 0, 1)));
  expect(frames).toMatchObject({ frames: 2, height: 1, width: 3 });
  expect([...(await frames.read(1))]).toEqual([0, 0, 1]);
  await expect(frames.readAll()).rejects.toThrow(/one value per frame/);
});

describe("refuses", () => {
  const sound = npy("|u1", [2], Uint8Array.of(0, 1));
  const damaged = (at: number, byte: number) => sound.map((value, i) => (i === at ? byte : value));
  const files: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ["what is too short", sound.subarray(0, 9), /too few/],
    ["what is no NumPy file", damaged(0, 1), /no NumPy file/],
    ["a header beyond the end", damaged(9, 0xff), /points at/],
    ["floats", npy("<f4", [1], new Uint8Array(4)), /expected integers/],
    ["four dimensions", npy("|u1", [1, 1, 1, 1], new Uint8Array(1)), /expected integers/],
    ["missing data", sound.subarray(0, sound.length - 1), /1 bytes of data, and its header says 2/],
    ["a size beyond all memory", npy("<i8", [999999999, 99999, 99999], new Uint8Array(8)), /its header says/],
  ];
  it.each(files)("%s", async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toMatchObject({
      code: "ERR_UFLOW_BAD_IMAGE",
      message: expect.stringMatching(message),
    });
  });
});
