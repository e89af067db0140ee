import type { Random } from "../../../random.js";
import { fromSrgb, mixed } from "../../colour.js";
import type { Design } from "../../product.js";
import { type Point, wanderingCurve } from "../../shape.js";
import type { Cloth } from "./plan.js";
import { pitch, type Threads, threadMask } from "./threads.js";

/** A place on the cloth that stays in the picture whatever the pose. */
const somewhere = (random: Random, margin = 0.36): Point => [
  random.between(-margin, margin),
  random.between(-margin, margin),
];

const indexAt = (position: number, offset: number) => Math.floor((position + offset) / pitch) & threadMask;

function breakThread(cloth: Cloth, random: Random): void {
  const [u, v] = somewhere(random);
  const length = random.between(0.12, 0.5);
  const alongWarp = random.uniform() < 0.5;
  const threads = alongWarp ? cloth.warp : cloth.weft;
  const start = (alongWarp ? v : u) - length / 2;
  const thread = alongWarp ? indexAt(u, cloth.offset[0]) : indexAt(v, cloth.offset[1]);
  threads.from[thread] = start;
  threads.to[thread] = start + length;
}

const liquids = [fromSrgb(0x8a6a3c), fromSrgb(0x3c3a38), fromSrgb(0x7d5a50), fromSrgb(0x6f7f58)];

function stain(cloth: Cloth, random: Random): void {
  const [u, v] = somewhere(random, 0.34);
  const radius = random.between(0.03, 0.1);
  const colour = liquids[random.below(liquids.length)]!;
  const strength = random.between(0.45, 0.95);
  const spot = { u, v, radius, aspect: random.between(0.7, 1.2), ragged: 0.35, grain: 1.3 };
  cloth.stains.push({ spot, colour, strength });
  for (let drops = random.below(4); drops > 0; drops--) {
    const away = radius * random.between(1.4, 2);
    const towards = random.between(0, 2 * Math.PI);
    const drop = {
      u: u + away * Math.cos(towards),
      v: v + away * Math.sin(towards),
      radius: radius * random.between(0.1, 0.25),
    };
    cloth.stains.push({ spot: { ...spot, ...drop }, colour, strength });
  }
}

/** Every thread through the hole is torn, each at another length. */
function tear(cloth: Cloth, random: Random): void {
  const [u, v] = somewhere(random, 0.34);
  const radius = random.between(0.034, 0.085);
  const aspect = random.between(0.7, 1.4);
  const cut = (
    threads: Threads,
    offset: number,
    middle: number,
    along: number,
    halfAcross: number,
    halfAlong: number,
  ) => {
    for (let at = middle - halfAcross; at < middle + halfAcross; at += pitch) {
      const share = (at - middle) / halfAcross;
      const half = halfAlong * Math.sqrt(1 - share * share);
      const thread = indexAt(at, offset);
      threads.from[thread] = along - half * random.between(0.5, 1.15);
      threads.to[thread] = along + half * random.between(0.5, 1.15);
    }
  };
  cut(cloth.warp, cloth.offset[0], u, v, radius, radius * aspect);
  cut(cloth.weft, cloth.offset[1], v, u, radius * aspect, radius);
  for (let ends = 4 + random.below(5); ends > 0; ends--) {
    const towards = random.between(0, 2 * Math.PI);
    const from: Point = [u + radius * Math.cos(towards), v + radius * aspect * Math.sin(towards)];
    const points = wanderingCurve(
      random,
      from,
      towards + Math.PI + random.normal(),
      random.between(0.3, 0.8) * radius,
      2,
    );
    cloth.fibres.push({
      points,
      radius: 0.0009,
      colour: cloth[random.uniform() < 0.5 ? "warp" : "weft"].colour[0]!,
    });
  }
}

const fibreColours = [
  fromSrgb(0xa8332e),
  fromSrgb(0x1c1c20),
  fromSrgb(0xe9e4d6),
  fromSrgb(0x3f7d46),
  fromSrgb(0xd79a2b),
];

function dropFibre(cloth: Cloth, random: Random): void {
  const points = wanderingCurve(
    random,
    somewhere(random, 0.28),
    random.between(0, 2 * Math.PI),
    random.between(0.14, 0.4),
    2.4,
  );
  const colour = fibreColours[random.below(fibreColours.length)]!;
  cloth.fibres.push({ points, radius: random.between(0.0018, 0.0045), colour });
}

const dyes = [fromSrgb(0x8f4a3e), fromSrgb(0x26303f), fromSrgb(0xa58a4c), fromSrgb(0x4d7a5c)];

function changeColour(cloth: Cloth, random: Random): void {
  const threads = random.uniform() < 0.5 ? cloth.warp : cloth.weft;
  const thread = (random.below(28) - 13) & threadMask;
  const colour = mixed(threads.colour[thread]!, dyes[random.below(dyes.length)]!, random.between(0.5, 1));
  for (let i = random.below(2); i >= 0; i--) threads.colour[(thread + i) & threadMask] = colour;
}

export const defects: Design<Cloth>["defects"] = {
  broken_thread: breakThread,
  stain,
  hole: tear,
  foreign_fibre: dropFibre,
  off_colour_thread: changeColour,
};
