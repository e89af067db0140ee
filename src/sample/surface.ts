import type { Colour } from "./colour.js";

/** Samples per pixel along a side. */
export const supersampling = 2;

/** How a part lies under the camera. Lengths are in image sides, from the centre of the image. */
export interface Pose {
  /** Radians. */
  rotation: number;
  scale: number;
  x: number;
  y: number;
}

/** A rectangle on the part, in part coordinates. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Called with the part coordinates of a sample and its index into the buffers. */
export type Paint = (u: number, v: number, k: number) => void;

/**
 * What the camera looks at, sampled `supersampling` times as finely as the picture: colour, relief and finish.
 *
 * Part coordinates (u, v) are in image sides, (0, 0) is the centre of the part, v points down; they move with the
 * part's pose. Heights are in image sides too, towards the camera.
 */
export class Surface {
  /** Samples per side. */
  readonly samples: number;
  /** Side of a sample: the width over which an outline goes from nothing to full. */
  readonly edge: number;
  readonly red: Float32Array;
  readonly green: Float32Array;
  readonly blue: Float32Array;
  readonly height: Float32Array;
  /** 0: matt; 1: mirrors its surroundings. */
  readonly metal: Float32Array;
  /** Strength of the highlight on what is not metal, 0 … 1. */
  readonly gloss: Float32Array;
  /** Height of a clear skin above the part, of which only highlights are seen. */
  readonly skin: Float32Array;
  /** How much of the clear skin there is, 0 … 1. */
  readonly skinGloss: Float32Array;
  private pose: Pose = { rotation: 0, scale: 1, x: 0, y: 0 };
  private cos = 1;
  private sin = 0;

  constructor(readonly side: number) {
    this.samples = side * supersampling;
    this.edge = 1 / this.samples;
    const buffer = () => new Float32Array(this.samples * this.samples);
    this.red = buffer();
    this.green = buffer();
    this.blue = buffer();
    this.height = buffer();
    this.metal = buffer();
    this.gloss = buffer();
    this.skin = buffer();
    this.skinGloss = buffer();
  }

  /** Clears the surface for the next part: one surface serves many, as fresh buffers cost as much as painting them. */
  lay(pose: Pose): void {
    this.pose = pose;
    this.cos = Math.cos(pose.rotation);
    this.sin = Math.sin(pose.rotation);
    const { red, green, blue, height, metal, gloss, skin, skinGloss } = this;
    for (const buffer of [red, green, blue, height, metal, gloss, skin, skinGloss]) buffer.fill(0);
  }

  /** A direction on the part → samples to the right and down. */
  direction(u: number, v: number): [number, number] {
    const length = this.pose.scale * this.samples;
    return [length * (this.cos * u - this.sin * v), length * (this.sin * u + this.cos * v)];
  }

  everywhere(paint: Paint): void {
    this.rows(0, this.samples, 0, this.samples, paint);
  }

  /** Paints the samples of a box; with a rotated part a few around it as well. */
  within({ left, top, right, bottom }: Box, paint: Paint): void {
    const corners = [
      [left, top],
      [right, top],
      [left, bottom],
      [right, bottom],
    ].map(([u, v]) => this.toImage(u!, v!));
    const first = (of: 0 | 1) => this.clamp(Math.floor(Math.min(...corners.map((corner) => corner[of]))));
    const last = (of: 0 | 1) => this.clamp(Math.ceil(Math.max(...corners.map((corner) => corner[of]))) + 1);
    this.rows(first(1), last(1), first(0), last(0), paint);
  }

  /** Sets a colour, made `brightness` times as bright. */
  put(k: number, colour: Colour, brightness: number): void {
    this.red[k] = colour[0] * brightness;
    this.green[k] = colour[1] * brightness;
    this.blue[k] = colour[2] * brightness;
  }

  /** Lays `share` of a colour over what is there. */
  tint(k: number, colour: Colour, share: number): void {
    this.red[k]! += share * (colour[0] - this.red[k]!);
    this.green[k]! += share * (colour[1] - this.green[k]!);
    this.blue[k]! += share * (colour[2] - this.blue[k]!);
  }

  /** Multiplies brightness. */
  shade(k: number, factor: number): void {
    this.red[k]! *= factor;
    this.green[k]! *= factor;
    this.blue[k]! *= factor;
  }

  /** How much of a sample lies inside an outline at signed distance `inside` (positive inside). */
  coverage(inside: number): number {
    const share = inside / this.edge + 0.5;
    return Math.max(0, Math.min(1, share));
  }

  private rows(top: number, bottom: number, left: number, right: number, paint: Paint): void {
    const { samples, cos, sin, pose } = this;
    const alongU = cos / pose.scale;
    const alongV = -sin / pose.scale;
    for (let row = top; row < bottom; row++) {
      const y = (row + 0.5) / samples - 0.5 - pose.y;
      const x = (left + 0.5) / samples - 0.5 - pose.x;
      const u = (cos * x + sin * y) / pose.scale;
      const v = (cos * y - sin * x) / pose.scale;
      for (let i = 0; i < right - left; i++) {
        paint(u + (i / samples) * alongU, v + (i / samples) * alongV, row * samples + left + i);
      }
    }
  }

  /** Part coordinates → position in samples. */
  private toImage(u: number, v: number): [number, number] {
    const { samples, pose } = this;
    const [right, down] = this.direction(u, v);
    return [right + (pose.x + 0.5) * samples, down + (pose.y + 0.5) * samples];
  }

  private clamp(position: number): number {
    return Math.max(0, Math.min(this.samples, position));
  }
}
