import { type Colour, fromSrgb, mixed } from "../../colour.js";
import type { Noise } from "../../noise.js";
import { insideHexagon, insideRoundedBox, insideSpot, type Spot, smoothstep, spotBox } from "../../shape.js";
import { Stencil } from "../../stencil.js";
import type { Surface } from "../../surface.js";
import { engraveNameplate, nameplate } from "./nameplate.js";
import {
  type Dent,
  halfHeight,
  halfWidth,
  type Plate,
  type Scratch,
  type Screw,
  type Smear,
} from "./plan.js";

const corner = 0.035;
const bevel = 0.007;
const metal: Colour = fromSrgb(0xb9bcbe);
const ink: Colour = fromSrgb(0x1d1f24);

export function paint(surface: Surface, plate: Plate): void {
  brushMetal(surface, plate);
  print(surface, plate);
  for (const screw of plate.screws) driveScrew(surface, screw, plate);
  for (const spot of plate.rust) corrode(surface, plate, spot);
  for (const dent of plate.dents) press(surface, dent);
  for (const scratch of plate.scratches) scrape(surface, scratch);
}

function brushMetal(surface: Surface, { belt, brush, sheen }: Plate): void {
  surface.everywhere((u, v, k) => {
    const inside = insideRoundedBox(u, v, halfWidth, halfHeight, corner);
    if (inside <= -surface.edge) {
      surface.put(k, belt.rubber, belt.tone(u, v));
      return;
    }
    const streak = 0.6 * brush.at(5 * u, 230 * v) + 0.4 * brush.at(19 * u, 410 * v + 60);
    const away = u - sheen + 0.03 * streak;
    const glow = 0.74 + 0.36 / (1 + 9 * away * away);
    surface.put(k, metal, glow * (1 + 0.13 * streak));
    surface.metal[k] = surface.coverage(inside);
    const rise = inside >= bevel ? 1 : Math.max(0, inside / bevel);
    surface.height[k] = 0.016 + 0.006 * (rise - 1) * (rise < 1 ? 1 - 0.4 * rise : 1);
  });
}

function print(surface: Surface, plate: Plate): void {
  const stencil = new Stencil(surface);
  engraveNameplate(stencil, plate.register);
  const layer = new Float32Array(stencil.inside.length);
  stencil.paint((k, coverage, _, u, v) => {
    let left = coverage * (0.93 + 0.05 * plate.clouds.at(25 * u, 25 * v));
    for (const spot of plate.worn) {
      left *= 1 - smoothstep(-0.1, 0.25, insideSpot(u, v, spot, plate.clouds) / spot.radius);
    }
    layer[k] = left;
  });
  if (plate.smear) wipe(surface, layer, plate.smear, plate.clouds);
  surface.within(nameplate.box, (_, __, k) => {
    if (layer[k]! <= 0) return;
    surface.tint(k, ink, layer[k]!);
    surface.metal[k]! *= 1 - 0.85 * layer[k]!;
    surface.gloss[k] = 0.05 * layer[k]!;
  });
}

/** Draws the print inside the spot out along the wipe: ink is carried on and thins out. */
function wipe(surface: Surface, layer: Float32Array, { spot, toU, toV }: Smear, clouds: Noise): void {
  const wet = layer.slice();
  const steps = 14;
  const [right, down] = surface.direction(toU / steps, toV / steps);
  surface.within(spotBox(spot), (u, v, k) => {
    const wetness = smoothstep(0, 0.4 * spot.radius, insideSpot(u, v, spot, clouds));
    if (wetness === 0) return;
    let carried = 0;
    for (let i = 1; i <= steps; i++) {
      const from = k - Math.round(i * down) * surface.samples - Math.round(i * right);
      carried = Math.max(carried, (wet[from] ?? 0) * (0.85 - (0.75 * i) / steps));
    }
    // Streaks of the wipe lie along it.
    const across = (u * toV - v * toU) / Math.hypot(toU, toV);
    const streak = 0.75 + 0.25 * clouds.at(160 * across, 5 * (u + v));
    const smeared = Math.max(carried * streak, 0.55 * wet[k]!);
    layer[k]! += wetness * (smeared - layer[k]!);
  });
}

const headRadius = 0.031;

/** A turned pan head with a hexagon socket in a countersink; or the empty thread where it is missing. */
function driveScrew(surface: Surface, { u: u0, v: v0, turn, missing }: Screw, { clouds }: Plate): void {
  const reach = headRadius + 0.014;
  const box = { left: u0 - reach, right: u0 + reach, top: v0 - reach, bottom: v0 + reach };
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  surface.within(box, (u, v, k) => {
    const du = u - u0;
    const dv = v - v0;
    const distance = Math.sqrt(du * du + dv * dv);
    const sink = surface.coverage(headRadius + 0.007 - distance);
    if (sink === 0) return;
    surface.shade(k, 1 - 0.5 * sink);
    surface.height[k]! -= sink * 0.006;
    if (missing) {
      const hole = surface.coverage(0.019 - distance);
      surface.tint(k, [0.01, 0.01, 0.012], hole);
      surface.height[k]! -= hole * 0.02;
      return;
    }
    const head = surface.coverage(headRadius - distance);
    // Turned metal mirrors the lamp in two opposite fans; what they share with the grooves turns with the screw.
    const fan = (du * -0.59 + dv * -0.81) / (distance + 0.003);
    const groove = clouds.at(900 * distance + 5 * turn, 3);
    const tone = (0.5 + 0.75 * fan * fan * fan * fan) * (1 + 0.06 * groove);
    surface.tint(k, [0.62 * tone, 0.63 * tone, 0.66 * tone], head);
    surface.metal[k] = 1;
    const dome = Math.min(1, (headRadius - distance) / 0.008);
    const socket = insideHexagon(cos * du + sin * dv, cos * dv - sin * du, 0.0135);
    const hollow = surface.coverage(socket);
    surface.height[k]! += head * (0.014 * Math.sqrt(Math.max(0, dome * (2 - dome)))) - hollow * 0.012;
    surface.tint(k, [0.05, 0.05, 0.055], 0.9 * hollow);
  });
}

function scrape(surface: Surface, { points, radius, depth, brightness }: Scratch): void {
  const stencil = new Stencil(surface);
  // Pressed hardest in the middle of the stroke.
  stencil.stroke(points, (share) => radius * (0.35 + 0.65 * Math.sin(Math.PI * share)));
  stencil.paint((k, coverage, inside) => {
    const bare = mixed([0.05, 0.05, 0.05], [0.95, 0.95, 0.97], brightness);
    surface.tint(k, bare, 0.85 * coverage);
    surface.metal[k]! += coverage * (1 - surface.metal[k]!);
    surface.height[k]! -= depth * Math.min(1, Math.max(0, inside) / radius);
  });
}

function press(surface: Surface, { u: u0, v: v0, radius, depth }: Dent): void {
  const box = { left: u0 - radius, right: u0 + radius, top: v0 - radius, bottom: v0 + radius };
  surface.within(box, (u, v, k) => {
    const distance2 = ((u - u0) ** 2 + (v - v0) ** 2) / (radius * radius);
    if (distance2 < 1) surface.height[k]! -= depth * (1 - distance2) ** 2;
  });
}

const rustBright: Colour = fromSrgb(0xa4643a);
const rustDark: Colour = fromSrgb(0x4a2c1e);

function corrode(surface: Surface, { clouds }: Plate, spot: Spot): void {
  surface.within(spotBox(spot), (u, v, k) => {
    const inside = insideSpot(u, v, spot, clouds);
    const share = smoothstep(-0.15, 0.35, inside / spot.radius) * (0.75 + 0.25 * clouds.at(70 * u, 70 * v));
    if (share <= 0) return;
    const scale = clouds.cloud(110 * u, 110 * v);
    surface.tint(
      k,
      mixed(rustBright, rustDark, smoothstep(-0.4, 0.6, scale + inside / spot.radius - 0.3)),
      share,
    );
    surface.metal[k]! *= 1 - share;
    surface.height[k]! += share * 0.0022 * scale;
  });
}
