import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeImage, type ImageSource } from "#uflow/image/decode.js";
import { FrameMemory, type OwnSource } from "#uflow/image/frame-memory.js";

const frame = <Data extends Uint8Array | Uint16Array>(data: Data) =>
  ({ data, width: 4, height: 2, format: "Mono8" }) as const;

/** Eight bytes that are a part of more. */
const inside = (buffer: ArrayBufferLike, offset = 16) => new Uint8Array(buffer, offset, 8).fill(5);

const take = (source: ImageSource, transfer: boolean) => new FrameMemory().take(source, transfer);

/** What arrives in another thread. */
function posted({ source, transfer }: OwnSource): ImageSource {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(source, transfer);
  const { message } = receiveMessageOnPort(port2)!;
  port1.close();
  return message;
}

const fives = new Uint8Array(8).fill(5);

describe.each([false, true])("with transfer: %s", (transfer) => {
  it.each([
    ["a Buffer of Node's pool", () => Buffer.from(fives)],
    ["a part of a larger buffer", () => inside(new ArrayBuffer(100_000))],
    ["a part of WebAssembly's memory", () => inside(new WebAssembly.Memory({ initial: 1 }).buffer)],
  ])("%s is copied, and no more than is viewed", (_, make) => {
    const data = make();
    const own = take(data, transfer);
    data.fill(9);
    const arrived = posted(own) as Uint8Array;
    expect(arrived).toEqual(fives);
    expect(arrived.buffer.byteLength).toBeLessThan(5000);
    expect(data.length).toBe(8);
  });

  it("the whole of WebAssembly's memory, which cannot be taken away, is copied", () => {
    const data = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer);
    const own = take(data, transfer);
    data[0] = 9;
    const arrived = posted(own) as Uint8Array;
    expect([data.length, arrived.length, arrived[0]]).toEqual([65536, 65536, 0]);
  });

  it.each([0, 16])("shared memory stays where it is, viewed from byte %i on", (offset) => {
    const data = inside(new SharedArrayBuffer(offset + 8), offset);
    const arrived = posted(take(frame(data), transfer)) as { data: Uint8Array };
    data[3] = 77;
    expect(arrived.data[3]).toBe(77);
  });

  it("bytes that another addon made are still readable", async () => {
    const raw = { width: 4, height: 2, channels: 1 } as const;
    const png = await sharp(fives, { raw }).png().toBuffer();
    const wanted = new Uint8Array(png);
    expect(posted(take(png, transfer))).toEqual(wanted);
  });

  it("16-bit values stay 16-bit values", () => {
    const data = Uint16Array.of(1, 2, 3, 65535);
    expect(posted(take(frame(data), transfer))).toEqual(frame(Uint16Array.of(1, 2, 3, 65535)));
  });

  it("of a camera's own object only what is known of frames is sent, which a method would prevent", () => {
    const camera = { ...frame(fives.slice()), stride: 4, release: () => undefined };
    expect(posted(take(camera, transfer))).toEqual({ ...frame(fives), stride: 4 });
  });

  it.each([
    ["part.png"],
    [undefined],
    [null],
    [7],
    [{}],
    [{ data: [1, 2] }],
    [{ data: new Float32Array(3) }],
  ])("%j, of which there are no bytes, is passed on", (source) => {
    expect(take(source as ImageSource, transfer)).toMatchObject({ source, transfer: [] });
  });
});

describe("a buffer that is viewed as a whole", () => {
  it("is copied, so that the caller may write into it", () => {
    const data = fives.slice();
    const own = take(frame(data), false);
    data.fill(9);
    expect(posted(own)).toEqual(frame(fives));
  });

  it("is taken away with transfer, and goes over to the thread", () => {
    const data = fives.slice();
    const own = take(frame(data), true);
    expect([data.length, own.transfer.length]).toEqual([0, 1]);
    expect(posted(own)).toEqual(frame(fives));
    expect(own.transfer[0]!.byteLength).toBe(0);
  });

  it.each([false, true])(
    "cannot be given again: it is empty, and refused as that, with transfer: %s",
    async (transfer) => {
      const data = fives.slice();
      take(data, true);
      await expect(decodeImage(posted(take(data, transfer)))).rejects.toThrow(/empty.*handed over before/);
      await expect(decodeImage(posted(take(frame(data), transfer)))).rejects.toThrow(/received 0 bytes/);
    },
  );
});

describe("copies", () => {
  const memory = new FrameMemory();
  const bufferOf = ({ source }: OwnSource) => (source as Uint8Array).buffer;

  it("are made where earlier ones were that are not needed any more, of another length and kind too", () => {
    const first = memory.take(new Uint8Array(1_000_000), false);
    const second = memory.take(new Uint8Array(1_000_000), false);
    expect(bufferOf(second)).not.toBe(bufferOf(first));
    first.release();
    const words = {
      data: new Uint16Array(495_000).fill(7),
      width: 990,
      height: 500,
      format: "Mono16",
    } as const;
    const third = memory.take(words, false);
    expect((third.source as typeof words).data.buffer).toBe(bufferOf(first));
    const { data } = posted(third) as typeof words;
    expect(data.length).toBe(495_000);
    expect(data.every((value) => value === 7)).toBe(true);
  });

  it("that were many at once leave 64 MiB, or as much as is still in use", () => {
    const many = new FrameMemory();
    const takeAll = (count: number) =>
      Array.from({ length: count }, () => many.take(new Uint8Array(2 ** 20), false));
    const known = new Set<unknown>();
    const [first, second] = [takeAll(80), takeAll(80)];
    for (const own of [...first, ...second]) known.add(bufferOf(own));
    for (const own of first) own.release();
    const again = takeAll(80);
    expect(again.filter((own) => known.has(bufferOf(own)))).toHaveLength(80);
    for (const own of [...second, ...again]) own.release();
    expect(takeAll(160).filter((own) => known.has(bufferOf(own)))).toHaveLength(64);
  });

  it("of ever other lengths make room for each other", () => {
    const many = new FrameMemory();
    const small = many.take(new Uint8Array(2 ** 20), false);
    const kept = bufferOf(small);
    small.release();
    for (const own of Array.from({ length: 32 }, () => many.take(new Uint8Array(2 ** 21), false)))
      own.release();
    expect(bufferOf(many.take(new Uint8Array(2 ** 20), false))).not.toBe(kept);
  });

  it.each([1, 4096, 4097, 5_000_000])(
    "of %i bytes have room for at most a quarter more, or a page",
    (length) => {
      const { byteLength } = bufferOf(memory.take(new Uint8Array(length), false));
      expect(byteLength).toBeGreaterThanOrEqual(length);
      expect(byteLength).toBeLessThanOrEqual(Math.max(1.25 * length, length + 4095));
    },
  );
});
