// What is measured on: always the same random numbers. Latents are white noise, as a flow yields them on good parts,
// with one defect.
import { Random } from "../dist/random.js";

/** Standard normal numbers. */
function noise(count, seed) {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** z of [channels, side, side], where the defect is 1.6 times as strong. */
export function latent(channels, side) {
  const data = noise(channels * side * side, channels + side);
  for (const [i, inside] of defect(side).entries()) {
    if (inside) for (let c = 0; c < channels; c++) data[c * side * side + i] *= 1.6;
  }
  return { data, channels, height: side, width: side };
}

/** An ellipse of about a fiftieth of the map. */
function defect(side) {
  return Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) / side, Math.floor(i / side) / side];
    return Math.hypot((x - 0.6) / 0.1, (y - 0.4) / 0.06) < 1;
  });
}

/** The latents of U-Flow's models, finest first, and the side of the map: `R18@448` is ResNet-18 on 448 × 448 pixels. */
// biome-ignore format: a table
const models = {
  "R18@448": [448, [[84, 112], [80, 56], [128, 28]]],
  "MS-CaiT@448": [448, [[816, 28], [192, 14]]],
  "R18@256": [256, [[84, 64], [80, 32], [128, 16]]],
};

export function latentsOf(model) {
  const [side, scales] = models[model];
  return { latents: scales.map(([channels, size]) => latent(channels, size)), size: square(side) };
}

export function square(side) {
  return { width: side, height: side };
}

/**
 * Latents for the growth with pixels and channels, of numbers that repeat: many are needed, and drawing takes time. The
 * period is a prime, so that no two channels of a pixel are the same.
 */
const drawn = noise(262_139, 1);
export function repeatedLatent(channels, side) {
  const data = new Float32Array(channels * side * side);
  for (let at = 0; at < data.length; at += drawn.length) data.set(drawn.subarray(0, data.length - at), at);
  return { data, channels, ...square(side) };
}

/** log NFA as of an image with some defects: a calm background and a few smooth pits below 0. */
export function calmMap(side) {
  const random = new Random(1);
  const pits = Array.from({ length: 8 }, () => [
    random.uniform(),
    random.uniform(),
    random.between(0.01, 0.06),
  ]);
  const data = Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) / side, Math.floor(i / side) / side];
    return pits.reduce(
      (sum, [px, py, r]) => sum - 60 * Math.exp(-((x - px) ** 2 + 2 * (y - py) ** 2) / (r * r)),
      20,
    );
  });
  return { data, ...square(side) };
}

/** Noise around the threshold: thousands of ragged regions. */
export function noiseMap(side) {
  return { data: noise(side * side, 2), ...square(side) };
}

export function randomImage(side) {
  const random = new Random(3);
  return {
    data: Uint8Array.from({ length: side * side * 3 }, () => random.below(256)),
    ...square(side),
    channels: 3,
  };
}

/** Random bytes of a square frame, and what they are. */
export function rawFrame(format, bits, side) {
  const random = new Random(6);
  const bytes = Uint8Array.from({ length: (side * side * bits) / 8 }, () => random.below(256));
  return { bytes, format, ...square(side) };
}

/** Energies from half to three times the mean. */
export function energiesFor(dof, count) {
  const random = new Random(4);
  return Float32Array.from({ length: count }, () => dof * random.between(0.5, 3));
}
