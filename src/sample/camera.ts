import type { Random } from "../random.js";
import { toSrgb } from "./colour.js";
import type { Lamp, Light } from "./light.js";
import type { Pose } from "./surface.js";

/** What differs from picture to picture on a real line, on good and bad parts alike. */
export interface Nuisance {
  pose: Pose;
  lamp: Lamp;
  /** Factor on all light, and its change per image side to the right and down. */
  exposure: number;
  gradient: readonly [number, number];
  /** Factors on red, green and blue. */
  temperature: readonly [number, number, number];
  /** Standard deviation of the defocus, pixels. */
  blur: number;
  /** Standard deviation of the sensor's noise at mid-grey, 8-bit levels. */
  grain: number;
}

/** Draws the nuisance of one picture. */
export function drawNuisance(random: Random): Nuisance {
  const warmth = 0.02 * random.normal();
  const tilt = 0.04 * random.uniform();
  const towards = random.between(0, 2 * Math.PI);
  return {
    pose: {
      rotation: random.between(-0.018, 0.018),
      scale: random.between(0.994, 1.006),
      x: random.between(-0.009, 0.009),
      y: random.between(-0.009, 0.009),
    },
    lamp: { azimuth: -2.2 + 0.05 * random.normal(), elevation: random.between(0.8, 0.86), ambient: 0.42 },
    exposure: Math.exp(0.045 * random.normal()),
    gradient: [tilt * Math.cos(towards), tilt * Math.sin(towards)],
    temperature: [1 + warmth, 1 + 0.1 * warmth, 1 - warmth],
    blur: random.between(0.4, 0.8),
    grain: random.between(1.2, 2.4),
  };
}

/**
 * Lens and sensor without their noise: linear light → sRGB levels 0 … 255 (not rounded),
 * channels interleaved. The light is used up: it is blurred in place.
 */
export function exposed({ planes, side }: Light, nuisance: Nuisance): Float32Array {
  const levels = new Float32Array(3 * side * side);
  const gain = illumination(side, nuisance);
  for (const [channel, plane] of planes.entries()) {
    blur(plane, side, nuisance.blur);
    const factor = nuisance.temperature[channel]!;
    for (let k = 0; k < plane.length; k++) levels[3 * k + channel] = developed(plane[k]! * gain[k]! * factor);
  }
  return levels;
}

/** The sensor's noise and the rounding to 8 bits. */
export function digitised(levels: Float32Array, grain: number, random: Random): Uint8Array {
  const pixels = new Uint8ClampedArray(levels.length);
  const noise = Float32Array.from({ length: noiseCount }, () => grain * random.normal());
  let next = 0;
  for (let k = 0; k < levels.length; k++) {
    // Every deviate serves many times; starting anew at another one keeps that from being seen.
    if (k % noiseRun === 0) next = random.below(noiseCount);
    const level = levels[k]!;
    // Shot noise grows with the light, and the tone curve flattens it again.
    pixels[k] = level + (0.85 + 0.0014 * level) * noise[next++ & (noiseCount - 1)]!;
  }
  return new Uint8Array(pixels.buffer);
}

const noiseCount = 8192;
const noiseRun = 600;

/** Exposure, gradient and the lens's darker corners as one factor per pixel. */
function illumination(side: number, { exposure, gradient }: Nuisance): Float32Array {
  const gain = new Float32Array(side * side);
  for (let row = 0; row < side; row++) {
    const y = (row + 0.5) / side - 0.5;
    for (let column = 0; column < side; column++) {
      const x = (column + 0.5) / side - 0.5;
      const corner = 1 - 0.22 * (x * x + y * y);
      gain[row * side + column] = exposure * corner * (1 + 2 * gradient[0] * x + 2 * gradient[1] * y);
    }
  }
  return gain;
}

/** Gaussian blur in place, `sigma` in pixels; the border is repeated. */
function blur(plane: Float32Array, side: number, sigma: number): void {
  const radius = Math.ceil(2.5 * sigma);
  const weights = Array.from({ length: radius + 1 }, (_, i) => Math.exp(-(i * i) / (2 * sigma * sigma)));
  const total = weights.reduce((sum, weight, i) => sum + (i === 0 ? 1 : 2) * weight, 0);
  const kernel = weights.map((weight) => weight / total);
  const turned = new Float32Array(plane.length);
  pass(plane, turned, side, kernel);
  pass(turned, plane, side, kernel);
}

/** One direction of the blur; writes the result transposed, so that two passes make both. */
function pass(plane: Float32Array, result: Float32Array, side: number, kernel: readonly number[]): void {
  const radius = kernel.length - 1;
  const line = new Float32Array(side + 2 * radius);
  for (let row = 0; row < side; row++) {
    line.set(plane.subarray(row * side, (row + 1) * side), radius);
    line.fill(line[radius]!, 0, radius).fill(line[radius + side - 1]!, radius + side);
    for (let column = 0; column < side; column++) {
      let sum = kernel[0]! * line[column + radius]!;
      for (let i = 1; i <= radius; i++)
        sum += kernel[i]! * (line[column + radius - i]! + line[column + radius + i]!);
      result[column * side + row] = sum;
    }
  }
}

const curveSteps = 2048;
const brightest = 3;
/** Light 0 … `brightest` → level, with a soft shoulder instead of a hard clip. */
const curve = Float32Array.from({ length: curveSteps + 2 }, (_, i) => {
  const light = (i * brightest) / curveSteps;
  const knee = 0.7;
  const compressed = light < knee ? light : 1 - (1 - knee) * Math.exp(-(light - knee) / (1 - knee));
  return 255 * toSrgb(compressed);
});

function developed(light: number): number {
  const position = Math.max(0, Math.min(brightest, light)) * (curveSteps / brightest);
  const i = Math.floor(position);
  return curve[i]! + (position - i) * (curve[i + 1]! - curve[i]!);
}
