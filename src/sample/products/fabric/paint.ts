import type { Colour } from "../../colour.js";
import { insideSpot, smoothstep, spotBox } from "../../shape.js";
import { Stencil } from "../../stencil.js";
import type { Paint, Surface } from "../../surface.js";
import type { Cloth, Fibre, Stain } from "./plan.js";
import { absent, pitch, type Threads, thickness, threadMask } from "./threads.js";

/** How far a thread goes up and down over and under the others. */
const sway = 0.2 * pitch;
const table: Colour = [0.012, 0.012, 0.012];

export function paint(surface: Surface, cloth: Cloth): void {
  surface.everywhere(weaver(surface, cloth));
  for (const stain of cloth.stains) soak(surface, cloth, stain);
  for (const fibre of cloth.fibres) lay(surface, fibre);
}

function weaver(surface: Surface, cloth: Cloth): Paint {
  const { warp, weft, wave, yarn } = cloth;
  const [offsetU, offsetV] = cloth.offset;
  const wander = 0.32 * pitch;
  return (u, v, k) => {
    const pull = wave.at(3 * u, 2 * v);
    const sag = wave.at(2 * u + 7.7, 3 * v + 3.1);
    const x = (u + offsetU + wander * pull) / pitch;
    const y = (v + offsetV + wander * sag) / pitch;
    const i = Math.floor(x);
    const j = Math.floor(y);
    const acrossWarp = 2 * (x - i) - 1;
    const acrossWeft = 2 * (y - j) - 1;
    const up = ((i + j) & 1) === 0 ? sway : -sway;
    const warpBack = warp.back(i & threadMask, acrossWarp, v);
    const weftBack = weft.back(j & threadMask, acrossWeft, u);
    const warpHeight = warpBack + up * (1 - acrossWeft * acrossWeft);
    const weftHeight = weftBack - up * (1 - acrossWarp * acrossWarp);
    if (warpBack === absent && weftBack === absent) {
      surface.put(k, table, 1);
      surface.height[k] = -1.2 * pitch;
    } else if (warpHeight > weftHeight) {
      // Twisted yarn: fine stripes that run obliquely over the thread.
      const twist = yarn.at(3.4 * y + 1.5 * acrossWarp, 7.3 * i);
      spin(surface, k, warp, i & threadMask, warpBack, warpHeight, twist + 0.2 * pull);
    } else {
      const twist = yarn.at(3.4 * x + 1.5 * acrossWeft, 7.3 * j + 50);
      spin(surface, k, weft, j & threadMask, weftBack, weftHeight, twist + 0.2 * sag);
    }
  };
}

/** One sample of a thread's surface; `twist` −1 … 1 is where it lies in the yarn's stripes. */
function spin(
  surface: Surface,
  k: number,
  threads: Threads,
  i: number,
  back: number,
  height: number,
  twist: number,
) {
  // Less light reaches the sides of a thread, between its neighbours.
  const depth = 0.5 + (0.5 * back) / thickness;
  surface.put(k, threads.colour[i]!, threads.tone[i]! * depth * (1 + 0.22 * twist));
  surface.height[k] = height + 0.05 * thickness * twist;
}

/** A liquid that dried: darker than the cloth, darkest along its outline, soaked along the threads. */
function soak(surface: Surface, { clouds }: Cloth, { spot, colour, strength }: Stain): void {
  const { radius } = spot;
  surface.within(spotBox(spot, 0.02), (u, v, k) => {
    const inside = insideSpot(u, v, spot, clouds);
    if (inside < -0.01) return;
    const body = smoothstep(-0.01, 0.012, inside);
    const ring = Math.exp(-((inside / (0.16 * radius)) ** 2));
    const share = Math.min(1, strength * body * (0.7 + 0.5 * ring + 0.25 * clouds.at(30 * u, 30 * v)));
    surface.red[k]! *= 1 - share * (1 - colour[0]);
    surface.green[k]! *= 1 - share * (1 - colour[1]);
    surface.blue[k]! *= 1 - share * (1 - colour[2]);
  });
}

function lay(surface: Surface, { points, radius, colour }: Fibre): void {
  const stencil = new Stencil(surface);
  stencil.stroke(points, radius);
  stencil.paint((k, coverage, inside) => {
    const round = Math.sqrt(Math.max(0, inside * (2 * radius - inside)));
    surface.tint(k, colour, coverage);
    surface.gloss[k]! += coverage * (0.12 - surface.gloss[k]!);
    surface.height[k]! += coverage * (thickness + sway + radius + round - surface.height[k]!);
  });
}
