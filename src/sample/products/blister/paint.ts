import { type Colour, fromSrgb, mixed } from "../../colour.js";
import { lettering } from "../../lettering.js";
import type { Noise } from "../../noise.js";
import { insideRoundedBox, smoothstep } from "../../shape.js";
import { Stencil } from "../../stencil.js";
import type { Surface } from "../../surface.js";
import { type Blister, type Crack, type Crumb, core, halfHeight, halfWidth, type Tablet } from "./plan.js";

const pocket = { halfWidth: 0.17, halfHeight: 0.066 };
const tablet = { halfWidth: 0.13, halfHeight: 0.043, height: 0.03 };
/** Distance between the ridges that are pressed into the foil. */
const knurl = 0.0165;
const foil: Colour = fromSrgb(0xbcbec3);

export function paint(surface: Surface, blister: Blister): void {
  sealFoil(surface, blister);
  embossDate(surface);
  for (const each of blister.tablets) formPocket(surface, each, blister);
  for (const crack of blister.cracks) split(surface, crack);
  for (const each of blister.tablets) if (!each.missing) layTablet(surface, each, blister);
  for (const crumb of blister.crumbs) drop(surface, crumb, blister);
}

/** Foil pressed between knurled plates, wrinkled where it is stretched. */
function sealFoil(surface: Surface, { belt, wrinkles }: Blister): void {
  surface.everywhere((u, v, k) => {
    const inside = insideRoundedBox(u, v, halfWidth, halfHeight, 0.05);
    if (inside <= -surface.edge) {
      surface.put(k, belt.rubber, belt.tone(u, v));
      return;
    }
    const wrinkle = wrinkles.at(9 * u, 9 * v) + 0.5 * wrinkles.at(23 * u + 5, 23 * v);
    const rough = 1 + 0.05 * wrinkles.at(300 * u, 300 * v);
    const ridges = ridge((u + v) / knurl) + ridge((u - v) / knurl);
    surface.put(k, foil, rough * (0.86 + 0.08 * ridges));
    surface.metal[k] = surface.coverage(inside);
    surface.height[k] = 0.006 * Math.min(1, Math.max(0, inside) / 0.004) + 0.0009 * ridges + 0.0028 * wrinkle;
    surface.skin[k] = 0.0015 * wrinkle;
    surface.skinGloss[k] = 0.25 * surface.metal[k]!;
  });
}

/** Rounded ridges, one per unit: 0 … 1. */
function ridge(x: number): number {
  const t = x - Math.floor(x);
  return 4 * t * (1 - t);
}

/** Lot and date, pressed into the edge; a perforation between the columns. */
function embossDate(surface: Surface): void {
  const stencil = new Stencil(surface);
  for (const line of lettering("LOT 4216  EXP 12.28", [-0.3, 0.397], 0.03)) stencil.stroke(line, 0.0032);
  for (let v = -0.42; v < 0.37; v += 0.022)
    stencil.stroke(
      [
        [0, v],
        [0, v + 0.011],
      ],
      0.0024,
    );
  stencil.paint((k, coverage) => {
    surface.height[k]! -= 0.0034 * coverage;
    surface.shade(k, 1 - 0.25 * coverage);
  });
}

/** One pocket: smooth foil in its ground, the clear dome above. */
function formPocket(surface: Surface, { u: u0, v: v0 }: Tablet, blister: Blister): void {
  const reachU = pocket.halfWidth + 0.012;
  const reachV = pocket.halfHeight + 0.012;
  const box = { left: u0 - reachU, right: u0 + reachU, top: v0 - reachV, bottom: v0 + reachV };
  surface.within(box, (u, v, k) => {
    const inside = insideRoundedBox(u - u0, v - v0, pocket.halfWidth, pocket.halfHeight, pocket.halfHeight);
    const cover = surface.coverage(inside);
    if (cover > 0) {
      const wrinkle = blister.wrinkles.at(14 * u, 14 * v) + 0.4 * blister.wrinkles.at(40 * u, 40 * v);
      surface.tint(k, foil, cover);
      surface.height[k]! += cover * (0.004 + 0.0022 * wrinkle - surface.height[k]!);
    }
    dome(surface, k, inside);
  });
}

/** Thermoformed film: a steep wall around the pocket, a slightly arched roof. */
function dome(surface: Surface, k: number, inside: number): void {
  if (inside < -0.008) return;
  const wall = smoothstep(-0.006, 0.022, inside);
  const roof = inside > 0 ? inside * (2 * pocket.halfHeight - inside) : 0;
  surface.skin[k] = 0.012 * wall + 3.4 * roof + surface.skin[k]!;
  surface.skinGloss[k] = 0.25 + 0.6 * smoothstep(-0.008, 0.004, inside);
  // The wall bends the light away: a darker line around the pocket.
  const bend = (inside - 0.006) / 0.007;
  if (bend < 3) surface.shade(k, 1 - 0.3 * Math.exp(-bend * bend));
}

function layTablet(surface: Surface, each: Tablet, { powder }: Blister): void {
  const { u: u0, v: v0, shift, turn, broken, colour } = each;
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  const reachU = pocket.halfWidth;
  const reachV = pocket.halfHeight;
  const box = { left: u0 - reachU, right: u0 + reachU, top: v0 - reachV, bottom: v0 + reachV };
  surface.within(box, (u, v, k) => {
    const x = cos * (u - u0 - shift[0]) + sin * (v - v0 - shift[1]);
    const y = cos * (v - v0 - shift[1]) - sin * (u - u0 - shift[0]);
    let inside = insideRoundedBox(x, y, tablet.halfWidth, tablet.halfHeight, tablet.halfHeight);
    const fracture = broken ? beforeBreak(broken, x, y, powder) : 1;
    const whole = inside;
    inside = Math.min(inside, fracture);
    // Dark foil beside the tablet: less of the room is seen from there.
    if (inside < 0 && inside > -0.04) surface.shade(k, 1 - 0.55 * (1 + inside / 0.04) ** 3);
    const cover = surface.coverage(inside);
    if (cover === 0) return;
    const grain = powder.at(170 * x, 170 * y);
    const arch = Math.min(1, Math.max(0, whole) / tablet.halfHeight);
    const score = Math.abs(x) < 0.015 ? Math.exp(-((x / 0.0045) ** 2)) : 0;
    const broke = 1 - smoothstep(0, 0.014, fracture);
    const rough = broke > 0 ? broke * powder.cloud(90 * x, 90 * y) : 0;
    surface.tint(k, broke > 0 ? mixed(colour, core, broke) : colour, cover);
    surface.shade(k, 1 + cover * (0.03 * grain + 0.12 * rough - 0.22 * score));
    surface.metal[k]! *= 1 - cover;
    surface.gloss[k] = 0.16 * cover * (1 - broke);
    const back = tablet.height * Math.sqrt(arch * (2 - arch)) - 0.006 * score;
    surface.height[k]! += cover * (back - broke * 0.013 + 0.004 * rough);
  });
}

/** Signed distance to the jagged line along which a tablet broke; positive where it is still there. */
function beforeBreak(
  { towards, at }: { towards: number; at: number },
  x: number,
  y: number,
  powder: Noise,
): number {
  const away = x * Math.cos(towards) + y * Math.sin(towards);
  const beside = y * Math.cos(towards) - x * Math.sin(towards);
  return at - away + 0.011 * powder.at(42 * beside, 9 * at) + 0.004 * powder.at(140 * beside, 50 * away);
}

/** Torn foil: a dark gap between bright lips. */
function split(surface: Surface, { points, radius }: Crack): void {
  const stencil = new Stencil(surface);
  const lips = 1.9;
  stencil.stroke(points, (share) => lips * radius * (1 - 0.8 * Math.abs(2 * share - 1)));
  stencil.paint((k, coverage, inside) => {
    const gap = smoothstep(0.3, 0.6, inside / (lips * radius));
    surface.height[k]! += coverage * (0.6 * radius * (1 - gap) - 0.008 * gap);
    surface.tint(k, [0.012, 0.012, 0.014], gap);
    surface.metal[k]! *= 1 - gap;
    surface.skinGloss[k]! *= 1 - 0.8 * coverage;
  });
}

function drop(surface: Surface, { u: u0, v: v0, radius, colour }: Crumb, { powder }: Blister): void {
  const reach = 1.6 * radius;
  const box = { left: u0 - reach, right: u0 + reach, top: v0 - reach, bottom: v0 + reach };
  surface.within(box, (u, v, k) => {
    const bumps = 0.5 * powder.at((1.2 * u) / radius + 70 * u0, (1.2 * v) / radius);
    const inside = radius * (1 + bumps) - Math.hypot(u - u0, v - v0);
    const cover = surface.coverage(inside);
    if (cover === 0) return;
    surface.tint(k, colour, cover);
    surface.metal[k]! *= 1 - cover;
    surface.skinGloss[k]! *= 1 - cover;
    surface.height[k]! += cover * Math.sqrt(Math.max(0, inside * (2 * radius - inside)));
  });
}
