import type { Random } from "../../../random.js";
import type { Design } from "../../product.js";
import { type Point, wanderingCurve } from "../../shape.js";
import { type Mark, nameplate } from "./nameplate.js";
import { halfHeight, halfWidth, type Plate } from "./plan.js";

const onPlate = (random: Random, margin = 0.09): Point => [
  random.between(margin - halfWidth, halfWidth - margin),
  random.between(margin - halfHeight, halfHeight - margin),
];

function scratch(plate: Plate, random: Random): void {
  const heading = random.between(0, 2 * Math.PI);
  const [u, v] = onPlate(random, 0.18);
  const length = random.between(0.14, 0.42);
  const from: Point = [u - (length / 2) * Math.cos(heading), v - (length / 2) * Math.sin(heading)];
  const radius = random.between(0.0021, 0.0038);
  const brightness = random.uniform() < 0.6 ? random.between(0.85, 1) : random.between(0, 0.2);
  for (let i = random.below(3); i >= 0; i--) {
    const beside: Point = [from[0] + 0.012 * i * random.normal(), from[1] + 0.012 * i * random.normal()];
    const points = wanderingCurve(random, beside, heading, length * random.between(0.6, 1), 0.25);
    plate.scratches.push({ points, radius: radius * (i === 0 ? 1 : 0.7), depth: 0.7 * radius, brightness });
  }
}

function dent(plate: Plate, random: Random): void {
  const [u, v] = onPlate(random, 0.12);
  const radius = random.between(0.025, 0.065);
  plate.dents.push({ u, v, radius, depth: radius * random.between(0.1, 0.28) });
}

const someMark = (random: Random): Mark => nameplate.marks[random.below(nameplate.marks.length)]!;

function smearPrint(plate: Plate, random: Random): void {
  const { u, v, radius } = someMark(random);
  const length = random.between(0.035, 0.07);
  const towards = random.between(-0.5, 0.5) + (random.uniform() < 0.5 ? Math.PI : 0);
  const spot = { u, v, radius: radius * random.between(1, 1.4), aspect: 0.8, ragged: 0.25, grain: 1.2 };
  plate.smear = { spot, toU: length * Math.cos(towards), toV: length * Math.sin(towards) };
}

function losePrint(plate: Plate, random: Random): void {
  const { u, v, radius } = someMark(random);
  const aspect = random.between(0.6, 1);
  plate.worn.push({ u, v, radius: radius * random.between(0.7, 1.2), aspect, ragged: 0.6, grain: 2 });
}

function rust(plate: Plate, random: Random): void {
  const [u, v] = onPlate(random, 0.1);
  const radius = random.between(0.014, 0.045);
  for (let i = random.below(4); i >= 0; i--) {
    const spread = i === 0 ? 0 : 1.5 * radius;
    const at = { u: u + spread * random.normal(), v: v + spread * random.normal() };
    plate.rust.push({
      ...at,
      radius: i === 0 ? radius : 0.5 * radius * random.uniform() + 0.004,
      aspect: 1,
      ragged: 0.55,
      grain: 1.8,
    });
  }
}

function loseScrew(plate: Plate, random: Random): void {
  plate.screws[random.below(4)]!.missing = true;
}

export const defects: Design<Plate>["defects"] = {
  scratch,
  dent,
  smeared_print: smearPrint,
  missing_print: losePrint,
  corrosion: rust,
  missing_screw: loseScrew,
};
