import { type Surface, supersampling } from "./surface.js";

/** The lamp beside the camera. */
export interface Lamp {
  /** Direction from the part to the lamp in the image plane, radians; v points down. */
  azimuth: number;
  /** Height over the part, radians. */
  elevation: number;
  /** Share of the light that comes from everywhere, 0 … 1. */
  ambient: number;
}

/** Linear light per pixel, planar: what the lens receives. */
export interface Light {
  planes: readonly [Float32Array, Float32Array, Float32Array];
  side: number;
}

/**
 * Lights a surface and averages its samples to pixels: Lambert for what is matt, a smooth studio mirrored by what is
 * metal, Blinn–Phong highlights, cast shadows along the relief.
 */
export function lit(surface: Surface, lamp: Lamp): Light {
  const { samples, side, red, green, blue, metal, skinGloss } = surface;
  const shine = new Shine(surface, lamp);
  const shadow = castShadow(surface, lamp);
  const planes = [0, 1, 2].map(() => new Float32Array(side * side)) as unknown as Light["planes"];
  const weight = 1 / (supersampling * supersampling);
  for (let row = 0; row < samples; row++) {
    for (let column = 0; column < samples; column++) {
      const k = row * samples + column;
      const lightness = 1 - shadow[k]!;
      shine.relief(row, column);
      const matt = lamp.ambient * (1 - 0.45 * shadow[k]!) + (1 - lamp.ambient) * lightness * shine.diffuse;
      const mirror = shine.studio * (1 - 0.6 * shadow[k]!);
      const body = matt + metal[k]! * (mirror - matt);
      let glint = shine.highlight * lightness;
      if (skinGloss[k]! > 0) glint += shine.skin(row, column);
      const pixel = Math.floor(row / supersampling) * side + Math.floor(column / supersampling);
      planes[0][pixel]! += weight * (red[k]! * body + glint);
      planes[1][pixel]! += weight * (green[k]! * body + glint);
      planes[2][pixel]! += weight * (blue[k]! * body + glint);
    }
  }
  return { planes, side };
}

/** The reflections at one sample after another; its fields hold those of the last one asked for. */
class Shine {
  /** 1 on what lies flat. */
  diffuse = 1;
  studio = 1;
  highlight = 0;
  private readonly towardsU: number;
  private readonly towardsV: number;
  /** Horizontal and vertical part of the direction to the lamp, and of the one half way from there to the camera. */
  private readonly flat: number;
  private readonly up: number;
  private readonly halfFlat: number;
  private readonly halfUp: number;

  constructor(
    private readonly surface: Surface,
    { azimuth, elevation }: Lamp,
  ) {
    this.towardsU = Math.cos(azimuth);
    this.towardsV = Math.sin(azimuth);
    this.flat = Math.cos(elevation);
    this.up = Math.sin(elevation);
    const length = Math.hypot(this.flat, this.up + 1);
    this.halfFlat = this.flat / length;
    this.halfUp = (this.up + 1) / length;
  }

  relief(row: number, column: number): void {
    const { height, gloss, samples } = this.surface;
    const k = row * samples + column;
    const gu = slope(height, k, column, 1, samples);
    const gv = slope(height, k, row, samples, samples);
    const z = 1 / Math.sqrt(1 + gu * gu + gv * gv);
    const rise = gu * this.towardsU + gv * this.towardsV;
    const towards = z * (this.up - rise * this.flat);
    this.diffuse = towards <= 0 ? 0 : Math.min(2, towards / this.up);
    // A room that is brighter on the lamp's side: what a metal facet mirrors depends on its tilt alone.
    const tilt = -2 * z * z * rise;
    this.studio = 1 + tilt * (1.2 + 0.6 * tilt);
    this.highlight = gloss[k] === 0 ? 0 : gloss[k]! * power32(z * (this.halfUp - rise * this.halfFlat));
  }

  skin(row: number, column: number): number {
    const { skin, skinGloss, samples } = this.surface;
    const k = row * samples + column;
    const gu = slope(skin, k, column, 1, samples);
    const gv = slope(skin, k, row, samples, samples);
    const z = 1 / Math.sqrt(1 + gu * gu + gv * gv);
    const rise = gu * this.towardsU + gv * this.towardsV;
    const lobe = power32(z * (this.halfUp - rise * this.halfFlat));
    // Steep skin mirrors more of the room than flat skin does (Fresnel).
    const rim = (1 - z) * (1 - z);
    return skinGloss[k]! * (0.9 * lobe * lobe + 0.1 * lobe + 0.12 * rim);
  }
}

/** Height per length along one axis at sample `k`; `position` is where it lies on that axis. */
function slope(height: Float32Array, k: number, position: number, step: number, samples: number): number {
  const before = position > 0 ? k - step : k;
  const after = position < samples - 1 ? k + step : k;
  return (height[after]! - height[before]!) * samples * 0.5;
}

function power32(x: number): number {
  if (x <= 0) return 0;
  const x2 = x * x;
  const x4 = x2 * x2;
  const x8 = x4 * x4;
  return x8 * x8 * x8 * x8;
}

/** How much of the lamp is hidden behind the relief, 0 … 1 per sample: looks along the ray at growing distances. */
function castShadow({ height, samples, edge }: Surface, { azimuth, elevation }: Lamp): Float32Array {
  const shadow = new Float32Array(samples * samples);
  const rise = Math.tan(elevation);
  for (const distance of [0.004, 0.007, 0.011, 0.017, 0.026, 0.038]) {
    const across = Math.round((distance * Math.cos(azimuth)) / edge);
    const down = Math.round((distance * Math.sin(azimuth)) / edge);
    const clearance = distance * rise;
    const softness = 1 / (0.7 * clearance);
    const offset = down * samples + across;
    for (let row = Math.max(0, -down); row < Math.min(samples, samples - down); row++) {
      const end = row * samples + Math.min(samples, samples - across);
      for (let k = row * samples + Math.max(0, -across); k < end; k++) {
        const hidden = (height[k + offset]! - height[k]! - 0.65 * clearance) * softness;
        if (hidden > shadow[k]!) shadow[k] = Math.min(hidden, 1);
      }
    }
  }
  return shadow;
}
