import type { Result } from "../../src/serve/api.ts";

type Region = Result["regions"][number];

/** The boundary of a region, its holes with it, as data of an SVG path. */
export function outline({ contour, holes }: Region): string {
  return [contour, ...holes]
    .map((points) => `M${points.map((point) => point.join(" ")).join("L")}Z`)
    .join("");
}
