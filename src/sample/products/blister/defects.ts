import type { Random } from "../../../random.js";
import { fromSrgb, mixed } from "../../colour.js";
import type { Design } from "../../product.js";
import { type Point, wanderingCurve } from "../../shape.js";
import { type Blister, coating, columns, core, rows, type Tablet } from "./plan.js";

const someTablet = (blister: Blister, random: Random): Tablet =>
  blister.tablets[random.below(blister.tablets.length)]!;

function loseTablet(blister: Blister, random: Random): void {
  someTablet(blister, random).missing = true;
}

function breakTablet(blister: Blister, random: Random): void {
  const side = random.uniform() < 0.5 ? 0 : Math.PI;
  const towards = side + random.between(-0.6, 0.6);
  const broken = someTablet(blister, random);
  broken.broken = { towards, at: random.between(-0.03, 0.08) };
  const end = broken.u + 0.13 * Math.cos(side);
  for (let i = random.below(6); i > 0; i--) {
    const at = { u: end + 0.014 * random.normal(), v: broken.v + 0.014 * random.normal() };
    blister.crumbs.push({ ...at, radius: random.between(0.002, 0.007), colour: core });
  }
}

const wrongCoatings = [0xa9c4d8, 0xd99a8c, 0xe8dd9a, 0xf4f1ea, 0xb98f63, 0xa9c7a0].map(fromSrgb);

function swapTablet(blister: Blister, random: Random): void {
  const wrong = someTablet(blister, random);
  wrong.colour = mixed(
    wrong.colour,
    wrongCoatings[random.below(wrongCoatings.length)]!,
    random.between(0.6, 1),
  );
}

/** Between the pockets, where the foil is free: along a column's gaps, the middle or the rim. */
function tearFoil(blister: Blister, random: Random): void {
  const gap = random.below(rows.length - 1);
  const middle: Point = [
    columns[random.below(2)]! + random.between(-0.12, 0.12),
    (rows[gap]! + rows[gap + 1]!) / 2,
  ];
  const heading = random.between(-0.5, 0.5);
  const length = random.between(0.1, 0.24);
  const from: Point = [
    middle[0] - (length / 2) * Math.cos(heading),
    middle[1] - (length / 2) * Math.sin(heading),
  ];
  const points = wanderingCurve(random, from, heading, length, 0.8);
  const radius = random.between(0.0035, 0.007);
  blister.cracks.push({ points, radius });
  for (let i = random.below(3); i > 0; i--) {
    const branch = points[4 + random.below(10)]!;
    const turn = heading + (random.uniform() < 0.5 ? 1 : -1) * random.between(0.6, 1.3);
    blister.cracks.push({
      points: wanderingCurve(random, branch, turn, 0.4 * length, 1),
      radius: 0.6 * radius,
    });
  }
}

const dirt = [core, coating, fromSrgb(0x5a4634), fromSrgb(0x2b2b2e)];

function crumble(blister: Blister, random: Random): void {
  const u = random.between(-0.34, 0.34);
  const v = random.between(-0.38, 0.38);
  const colour = dirt[random.below(dirt.length)]!;
  const spread = random.between(0.015, 0.045);
  for (let i = 8 + random.below(14); i > 0; i--) {
    const at = { u: u + spread * random.normal(), v: v + spread * random.normal() };
    blister.crumbs.push({ ...at, radius: 0.004 + 0.007 * random.uniform() ** 2, colour });
  }
}

export const defects: Design<Blister>["defects"] = {
  missing_tablet: loseTablet,
  broken_tablet: breakTablet,
  wrong_tablet: swapTablet,
  foil_crack: tearFoil,
  crumbs: crumble,
};
