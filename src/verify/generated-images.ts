import type { RawImage } from "../kernels/index.js";
import { Random } from "../random.js";
import { Noise } from "../sample/noise.js";

/** The value of a channel at a pixel, before it is cut to 0 … 255. */
type Pattern = (x: number, y: number, channel: number) => number;

interface Kind {
  pattern: keyof typeof patterns;
  width: number;
  height: number;
  channels: RawImage["channels"];
}

/** Sizes and kinds of pixels that a camera may send, and some that none should. */
const kinds: readonly Kind[] = [
  { pattern: "texture", width: 256, height: 256, channels: 3 },
  { pattern: "blot", width: 256, height: 256, channels: 3 },
  { pattern: "noise", width: 317, height: 241, channels: 1 },
  { pattern: "gradient", width: 640, height: 479, channels: 4 },
  { pattern: "noise", width: 1, height: 1, channels: 3 },
  { pattern: "texture", width: 3, height: 500, channels: 3 },
  { pattern: "gradient", width: 1601, height: 1203, channels: 3 },
  { pattern: "black", width: 255, height: 257, channels: 1 },
];

/** Only what IEEE 754 rounds exactly (+ − × ÷, and whole numbers), so that every machine makes the same pixels. */
const patterns = {
  black: (): Pattern => () => 0,
  noise:
    (random: Random): Pattern =>
    () =>
      random.below(256),
  gradient:
    (_: Random, { width, height }: Kind): Pattern =>
    (x, y, channel) =>
      (255 * (x + y + 20 * channel)) / (width + height),
  texture: (random: Random): Pattern => {
    const noise = new Noise(random);
    return (x, y, channel) => 128 + 60 * noise.cloud(x / 12, y / 12 + 7 * channel);
  },
  blot: (random: Random): Pattern => {
    const texture = patterns.texture(random);
    const [left, top] = [20 + random.below(150), 20 + random.below(150)];
    const inside = (x: number, y: number) => x >= left && x < left + 40 && y >= top && y < top + 25;
    return (x, y, channel) => (inside(x, y) ? 40 : texture(x, y, channel));
  },
} satisfies Record<string, (random: Random, kind: Kind) => Pattern>;

export interface GeneratedImage {
  name: string;
  make: () => RawImage;
}

/** The first `count` images of a seed: each kind in turn. */
export function generatedImages(count: number, seed: number): GeneratedImage[] {
  return Array.from({ length: count }, (_, i) => {
    const kind = kinds[i % kinds.length]!;
    const { pattern, width, height, channels } = kind;
    const number = String(i + 1).padStart(3, "0");
    const name = `${number} ${pattern}, ${width} × ${height}, ${channels === 1 ? "grey" : channels === 3 ? "RGB" : "RGBA"}`;
    return { name, make: () => paint(kind, Random.stream(seed, number)) };
  });
}

function paint(kind: Kind, random: Random): RawImage {
  const { width, height, channels } = kind;
  const value: Pattern = patterns[kind.pattern](random, kind);
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    const level = Math.floor(value(pixel % width, Math.floor(pixel / width), i % channels));
    data[i] = Math.min(255, Math.max(0, level));
  }
  return { data, width, height, channels };
}
