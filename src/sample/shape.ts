import type { Random } from "../random.js";
import type { Noise } from "./noise.js";
import type { Box } from "./surface.js";

/** Signed distances in part coordinates: positive inside the shape, so that a union is a maximum. */

export type Point = readonly [u: number, v: number];

export function insideRoundedBox(u: number, v: number, halfU: number, halfV: number, radius: number): number {
  const du = Math.abs(u) - halfU + radius;
  const dv = Math.abs(v) - halfV + radius;
  if (du <= 0 || dv <= 0) return radius - Math.max(du, dv);
  return radius - Math.sqrt(du * du + dv * dv);
}

/** A regular hexagon, `radius` to the middle of its sides. */
export function insideHexagon(u: number, v: number, radius: number): number {
  const au = Math.abs(u);
  const av = Math.abs(v);
  return radius - Math.max(av, 0.8660254 * au + 0.5 * av);
}

/** Distance to a stretch of a line. */
export function distanceToLine(u: number, v: number, [au, av]: Point, [bu, bv]: Point): number {
  const du = bu - au;
  const dv = bv - av;
  const length2 = du * du + dv * dv;
  const t = length2 === 0 ? 0 : Math.max(0, Math.min(1, ((u - au) * du + (v - av) * dv) / length2));
  const eu = u - au - t * du;
  const ev = v - av - t * dv;
  return Math.sqrt(eu * eu + ev * ev);
}

/** A spot with a ragged outline. `ragged`: 0 a disc, 0.5 frayed; `grain`: bumps of the outline per radius. */
export interface Spot {
  u: number;
  v: number;
  radius: number;
  /** Half height by half width. */
  aspect: number;
  ragged: number;
  grain: number;
}

export function insideSpot(u: number, v: number, spot: Spot, noise: Noise): number {
  const du = u - spot.u;
  const dv = (v - spot.v) / spot.aspect;
  const { radius, ragged, grain } = spot;
  const bumps = noise.cloud((u * grain) / radius, (v * grain) / radius);
  return radius * (1 + ragged * bumps) - Math.sqrt(du * du + dv * dv);
}

export function spotBox({ u, v, radius, aspect, ragged }: Spot, margin = 0.01): Box {
  const reach = radius * (1 + ragged);
  const reachU = reach + margin;
  const reachV = reach * aspect + margin;
  return { left: u - reachU, top: v - reachV, right: u + reachU, bottom: v + reachV };
}

/** 0 below `low`, 1 above `high`, smooth between. */
export function smoothstep(low: number, high: number, x: number): number {
  const t = Math.max(0, Math.min(1, (x - low) / (high - low)));
  return t * t * (3 - 2 * t);
}

/** A curve that wanders: `bend` is the standard deviation of its turn over the whole length, radians. */
export function wanderingCurve(
  random: Random,
  from: Point,
  heading: number,
  length: number,
  bend: number,
): Point[] {
  const steps = 18;
  const points: Point[] = [from];
  let [u, v] = from;
  let direction = heading;
  let turn = 0;
  for (let i = 0; i < steps; i++) {
    turn = 0.75 * turn + (0.6 * bend * random.normal()) / Math.sqrt(steps);
    direction += turn;
    u += (length / steps) * Math.cos(direction);
    v += (length / steps) * Math.sin(direction);
    points.push([u, v]);
  }
  return points;
}
