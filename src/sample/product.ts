import type { Random } from "../random.js";
import type { Surface } from "./surface.js";

/**
 * How a kind of part is made. `plan` draws everything that differs from part to part, as plain numbers; a defect is a
 * change of that plan; `paint` turns a plan into a surface. The same plan with and without a defect is therefore the
 * same part before and after the accident, which is what makes exact masks possible.
 */
export interface Design<Plan> {
  plan(random: Random): Plan;
  defects: Readonly<Record<string, (plan: Plan, random: Random) => void>>;
  paint(surface: Surface, plan: Plan): void;
}

export interface Product {
  kinds: readonly string[];
  /** Paints the part that `part` draws, spoilt by a defect where one is given. */
  paint(surface: Surface, part: Random, defect?: { kind: string; random: Random }): void;
}

export function productOf<Plan>({ plan, defects, paint }: Design<Plan>): Product {
  return {
    kinds: Object.keys(defects),
    paint(surface, part, defect) {
      const planned = plan(part);
      if (defect) defects[defect.kind]!(planned, defect.random);
      paint(surface, planned);
    },
  };
}
