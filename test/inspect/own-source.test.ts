import { describe, expect, it } from "vitest";
import type { ImageSource } from "#uflow/inspect/index.js";
import { ownSource } from "#uflow/inspect/own-source.js";

const pixels = (data: Uint8Array) => ({ data, width: 2, height: 2, channels: 1 as const });
const bytesOf = (source: ImageSource) => [
  ...(source instanceof Uint8Array ? source : (source as { data: Uint8Array }).data),
];

describe("an image that is taken over", () => {
  it.each([
    ["bytes", (data: Uint8Array) => data],
    ["pixels", pixels],
  ])("as %s does not change with the caller's memory", (_, make) => {
    const data = Uint8Array.of(1, 2, 3, 4);
    const own = ownSource(make(data), false);
    data.fill(9);
    expect(bytesOf(own.source)).toEqual([1, 2, 3, 4]);
    expect(own.transfer).toEqual([]);
  });

  it("is copied without the pool that it is a part of", () => {
    const pool = new Uint8Array(1000).fill(7);
    const { source } = ownSource(pool.subarray(10, 14), false);
    expect((source as Uint8Array).buffer.byteLength).toBe(4);
  });

  it.each([
    ["bytes", (data: Uint8Array) => data],
    ["pixels", pixels],
  ])("as %s takes the memory away where it is handed over", (_, make) => {
    const data = Uint8Array.of(1, 2, 3, 4);
    const own = ownSource(make(data), true);
    expect(data.length).toBe(0);
    expect(bytesOf(own.source)).toEqual([1, 2, 3, 4]);
    expect(own.transfer).toHaveLength(1);
  });

  it("leaves a pool alone, though it is told to take it", () => {
    const pool = new Uint8Array(1000).fill(7);
    const own = ownSource(pool.subarray(10, 14), true);
    expect(pool.length).toBe(1000);
    expect(own.transfer).toEqual([]);
  });

  it("stays where it is in memory that is shared", () => {
    const data = new Uint8Array(new SharedArrayBuffer(4));
    expect(ownSource(data, false).source).toBe(data);
    const image = pixels(data);
    expect(ownSource(image, true).source).toBe(image);
  });

  it.each([["a path"], [undefined], [null], [5], [{}], [{ data: "none" }]])(
    "that is none, like %j, is passed on",
    (none) => {
      const own = ownSource(none as never, true);
      expect(own.source).toBe(none);
      expect(own.transfer).toEqual([]);
    },
  );
});
