import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeImage, type RawFrame, type RawImage } from "#uflow/image/decode.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uflow-decode-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A colourful picture without two equal pixels side by side. */
function noise(width: number, height: number, channels: 1 | 3 | 4): RawImage {
  const data = Uint8Array.from(
    { length: width * height * channels },
    (_, i) => (i * 97 + (i >> 3) * 31) % 256,
  );
  return { data, width, height, channels };
}

const { data: noiseData, ...noiseSize } = noise(64, 48, 3);
const picture = () => sharp(noiseData, { raw: noiseSize });

/** The error with its stable code, or a failed test. */
function refusal(source: unknown, options = {}): Promise<{ code: string; message: string }> {
  return decodeImage(source as Uint8Array, options).then(
    () => {
      throw new Error("it was not refused");
    },
    (error) => ({ code: error.code, message: error.message }),
  );
}

const badImage = (message: RegExp) => ({
  code: "ERR_UFLOW_BAD_IMAGE",
  message: expect.stringMatching(message),
});

/** 16 × 16 grey pixels as phones write them: HEVC in HEIF, by heif-enc of libheif. */
const heic = Buffer.from(
  "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAa1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRtAAAAAAACAAAAEGlkYXQAAAAAABAAEAAAADhpbG9jAQAAAERAAAIAAQAAAAAAAAHRAAEAAAAAAAAAIwACAAEAAAAAAAAAAQAAAAAAAAAIAAAAOGlpbmYAAAAAAAIAAAAVaW5mZQIAAAEAAQAAaHZjMQAAAAAVaW5mZQIAAAAAAgAAZ3JpZAAAAADYaXBycAAAALZpcGNvAAAAdmh2Y0MBA3AAAAAAAAAAAAAe8AD8/fj4AAAPAyAAAQAYQAEMAf//A3AAAAMAkAAAAwAAAwAeugJAIQABACpCAQEDcAAAAwCQAAADAAADAB6gIIEFluqumubgQEDAgAAAAwCAAAADAIQiAAEABkQBwXPBiQAAABRpc3BlAAAAAAAAAEAAAABAAAAAFGlzcGUAAAAAAAAAEAAAABAAAAAQcGl4aQAAAAADCAgIAAAAGmlwbWEAAAAAAAAAAgABAoECAAICA4QAAAAaaXJlZgAAAAAAAAAOZGltZwACAAEAAQAAACttZGF0AAAAHygBrxkhKQ7vf776+bR5mW8/WqZ+MQsQmQmX740elTg=",
  "base64",
);

describe("what is read", () => {
  it("gives the pixels of a PNG as they are, from a path and from bytes", async () => {
    const png = await picture().png().toBuffer();
    const path = join(folder, "Teil ä 1.png");
    await writeFile(path, png);
    for (const source of [png, path]) {
      expect(await decodeImage(source)).toEqual({ data: noiseData, ...noiseSize });
    }
  });

  it("reads a file anew after it has been overwritten", async () => {
    const path = join(folder, "camera.png");
    for (const grey of [10, 200]) {
      const background = { r: grey, g: grey, b: grey };
      await writeFile(
        path,
        await sharp({ create: { width: 2, height: 2, channels: 3, background } })
          .png()
          .toBuffer(),
      );
      expect((await decodeImage(path)).data[0]).toBe(grey);
    }
  });

  it("refuses a side that no kernel takes, from the header", async () => {
    const row = await sharp(new Uint8Array(65_536), { raw: { width: 65_536, height: 1, channels: 1 } })
      .png()
      .toBuffer();
    expect(await refusal(row)).toEqual(badImage(/65536 × 1 pixels, a side more than 65535/));
    const raw = { data: new Uint8Array(65_536), width: 1, height: 65_536, channels: 1 } as const;
    expect(await refusal(raw)).toEqual(badImage(/1 × 65536 pixels, a side more than 65535/));
    const longest = await sharp(new Uint8Array(65_535), { raw: { width: 65_535, height: 1, channels: 1 } })
      .png()
      .toBuffer();
    expect((await decodeImage(longest)).width).toBe(65_535);
  });

  it("reads one pixel", async () => {
    const png = await sharp(Uint8Array.of(1, 2, 3), { raw: { width: 1, height: 1, channels: 3 } })
      .png()
      .toBuffer();
    expect(await decodeImage(png)).toEqual({
      data: Uint8Array.of(1, 2, 3),
      width: 1,
      height: 1,
      channels: 3,
    });
  });

  it("keeps grey as one channel", async () => {
    const { data, ...raw } = noise(16, 8, 1);
    const png = await sharp(data, { raw }).toColourspace("b-w").png().toBuffer();
    expect(await decodeImage(png)).toEqual({ data, width: 16, height: 8, channels: 1 });
  });

  it("scales 16-bit grey to 8 bits, and does not clip it", async () => {
    const levels = Uint16Array.of(0, 200, 8192, 32768, 49152, 65535);
    const png = await sharp(levels, { raw: { width: 6, height: 1, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    const { data, channels } = await decodeImage(png);
    expect(channels).toBe(1);
    expect([...data]).toEqual([0, 0, 32, 128, 192, 255]);
  });

  it("scales 16-bit colours to 8 bits", async () => {
    const levels = Uint16Array.of(0, 8192, 32768, 49152, 65535, 300);
    const png = await sharp(levels, { raw: { width: 2, height: 1, channels: 3 } })
      .toColourspace("rgb16")
      .png()
      .toBuffer();
    expect([...(await decodeImage(png)).data]).toEqual([0, 32, 128, 192, 255, 1]);
  });

  it("drops alpha without blending", async () => {
    const pixels = Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 128);
    const png = await sharp(pixels, { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    expect(await decodeImage(png)).toMatchObject({
      data: Uint8Array.of(10, 20, 30, 40, 50, 60),
      channels: 3,
    });
  });

  it("expands a palette", async () => {
    const png = await sharp(Uint8Array.of(255, 0, 0, 0, 0, 255), {
      raw: { width: 2, height: 1, channels: 3 },
    })
      .png({ palette: true })
      .toBuffer();
    expect([...(await decodeImage(png)).data]).toEqual([255, 0, 0, 0, 0, 255]);
  });

  it("turns CMYK into RGB", async () => {
    const background = { r: 220, g: 30, b: 40 };
    const jpeg = await sharp({ create: { width: 16, height: 16, channels: 3, background } })
      .toColourspace("cmyk")
      .jpeg()
      .toBuffer();
    expect((await sharp(jpeg).metadata()).space).toBe("cmyk");
    const { data, channels } = await decodeImage(jpeg);
    expect(channels).toBe(3);
    const [red, green, blue] = data as unknown as [number, number, number];
    expect(red).toBeGreaterThan(180);
    expect(Math.max(green, blue)).toBeLessThan(90);
  });

  it("applies the EXIF rotation", async () => {
    const pixels = Uint8Array.of(255, 0, 0, 0, 0, 255);
    const tiff = await sharp(pixels, { raw: { width: 2, height: 1, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    expect(await decodeImage(tiff)).toMatchObject({ width: 1, height: 2, data: pixels });
  });

  it("takes the first frame of an animation", async () => {
    const frames = [10, 200].map((r) => ({
      create: { width: 8, height: 8, channels: 3 as const, background: { r, g: 0, b: 0 } },
    }));
    const pngs = await Promise.all(frames.map((frame) => sharp(frame).png().toBuffer()));
    const gif = await sharp(pngs, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    const { data, ...size } = await decodeImage(gif);
    expect(size).toEqual({ width: 8, height: 8, channels: 3 });
    expect(data[0]).toBeLessThan(20);
  });

  it.each(["jpeg", "webp", "tiff", "avif"] as const)("reads %s", async (format) => {
    const image = await decodeImage(await picture().toFormat(format).toBuffer());
    expect(image).toMatchObject({ width: 64, height: 48, channels: 3 });
  });
});

describe("what is refused", () => {
  it("names the file and what is wrong with it", async () => {
    const path = join(folder, "notes.png");
    await writeFile(path, "these are not pixels");
    expect(await refusal(path)).toEqual(badImage(/notes\.png.*not an image.*JPEG, PNG/));
    expect(await refusal(join(folder, "none.png"))).toEqual(badImage(/none\.png.*no such file/));
    expect(await refusal(join(path, "x.png"))).toEqual(badImage(/a part of its path is a file/));
    expect(await refusal(folder)).toEqual(badImage(/it is a folder/));
    expect(await refusal(join(folder, "gr\ufffd\ufffde.png"))).toEqual(
      badImage(/not written in UTF-8.*rename/),
    );
  });

  it("refuses what is empty, what is a program, and what is another kind of file", async () => {
    expect(await refusal(new Uint8Array())).toEqual(badImage(/empty/));
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
    expect(await refusal(Buffer.from(svg))).toEqual(badImage(/not an image/));
    expect(await refusal(Buffer.from("BM345678901234567890"))).toEqual(badImage(/header is cut off/));
    expect(await refusal(Buffer.alloc(1000, 0xff))).toEqual(badImage(/not an image/));
    expect(await refusal(heic)).toEqual(badImage(/HEIC, as phones write it.*export it as JPEG/));
  });

  it.each(["jpeg", "png", "webp", "tiff", "gif"] as const)(
    "refuses a truncated %s at any length",
    async (format) => {
      const bytes = await picture().toFormat(format).toBuffer();
      for (const kept of [0.2, 0.5, 0.9, 0.99]) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * kept));
        expect(await refusal(cut), `${kept} of a ${format}`).toEqual(badImage(/damaged|truncated/));
      }
    },
  );

  it("refuses a JPEG of which some bytes in the middle are lost", async () => {
    const bytes = await picture().jpeg({ quality: 95 }).toBuffer();
    const middle = Math.floor(bytes.length / 2);
    bytes.fill(0xff, middle, middle + 40);
    expect(await refusal(bytes)).toEqual(badImage(/damaged/));
  });

  it("refuses a size beyond the limit from the header alone", async () => {
    const huge = pngHeader(20_000, 20_000);
    expect(await refusal(huge)).toEqual(badImage(/20000 × 20000.*limit of 64000000.*maxPixels/));
    const png = await picture().png().toBuffer();
    expect(await refusal(png, { maxPixels: 64 * 48 - 1 })).toEqual(badImage(/64 × 48.*limit of 3071/));
    expect(await decodeImage(png, { maxPixels: 64 * 48 })).toMatchObject({ width: 64 });
  });

  it("refuses floating-point pixels, which would be clipped", async () => {
    const tiff = await sharp(Float32Array.of(0, 0.5, 1, 300), { raw: { width: 4, height: 1, channels: 1 } })
      .toColourspace("b-w")
      .tiff({ compression: "none" })
      .toBuffer();
    const { depth } = await sharp(tiff).metadata();
    if (depth === "float") expect(await refusal(tiff)).toEqual(badImage(/float.*8 or 16 bits/));
  });
});

describe("pixels as they are", () => {
  it.each([1, 3, 4] as const)("takes %i channels and returns the same object", async (channels) => {
    const image = noise(5, 4, channels);
    expect(await decodeImage(image)).toBe(image);
  });

  it.each([
    [{ data: new Uint8Array(12), width: 2.5, height: 2, channels: 3 }, /whole numbers/],
    [{ data: new Uint8Array(0), width: 0, height: 2, channels: 3 }, /whole numbers/],
    [{ data: new Uint8Array(8), width: 2, height: 2, channels: 2 }, /channels must be 1, 3 or 4/],
    [
      { data: new Uint8Array(11), width: 2, height: 2, channels: 3 },
      /2 × 2 × 3 is 12 bytes, but data has 11/,
    ],
    [{ data: new Float32Array(12), width: 2, height: 2, channels: 3 }, /Uint8Array/],
    [{ data: new Uint8Array(1), width: 100_000, height: 100_000, channels: 1 }, /limit/],
    [{ data: new Uint8Array(12), width: 2, height: 2 }, /channels must be 1, 3 or 4.*frame has a format/],
    [undefined, /expected a path/],
    [null, /expected a path/],
    [7, /expected a path.*number/],
  ])("refuses %o", async (image, message) => {
    expect(await refusal(image)).toEqual(badImage(message));
  });
});

describe("a camera's frame", () => {
  const frame = {
    data: Uint16Array.of(0, 4095, 2048, 15, 16, 4080),
    width: 3,
    height: 2,
    format: "Mono12",
  } as const;

  it("becomes an image of 8 bits", async () => {
    const grey = { data: Uint8Array.of(0, 255, 128, 0, 1, 255), width: 3, height: 2, channels: 1 };
    expect(await decodeImage(frame)).toEqual(grey);
    expect(await decodeImage({ ...frame, stride: 6, channels: undefined } as RawFrame)).toEqual(grey);
  });

  it("of 16 bits is the same as a file of the same pixels", async () => {
    const data = Uint16Array.from({ length: 256 * 16 }, (_, i) => i * 16 + (i % 16));
    const raw = { width: 256, height: 16, channels: 1 } as const;
    const png = await sharp(data, { raw }).toColourspace("grey16").png().toBuffer();
    const ofFrame = await decodeImage({ data, width: 256, height: 16, format: "Mono16" });
    expect(ofFrame).toEqual(await decodeImage(png));
  });

  it.each([
    [{ ...frame, format: "Mono14" }, /given as a frame.*Mono.*8, 10, 12.*"Mono14"/],
    [{ ...frame, format: null }, /frame\.format but received null/],
    [{ ...frame, channels: 1 }, /channels and a format/],
    [{ ...frame, width: 4 }, /2 rows of 8 bytes, 16 in all.*12 bytes/],
    [{ ...frame, width: -3 }, /whole numbers from 1/],
    [{ ...frame, width: 100_000, height: 100_000 }, /limit/],
    [{ ...frame, stride: 5 }, /at least 6 bytes/],
    [{ ...frame, data: Uint16Array.of(0, 0, 0, 0, 65520, 0) }, /\(1, 1\) is 65520, but 12 bits end at 4095/],
    [{ ...frame, data: [1, 2, 3, 4, 5, 6] }, /Uint8Array or a Uint16Array.*an array/],
  ])("is refused when it is not what it says: %#", async (wrong, message) => {
    expect(await refusal(wrong)).toEqual(badImage(message));
  });
});

/** A PNG file that only claims to have an image. */
function pngHeader(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", Buffer.alloc(8)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
