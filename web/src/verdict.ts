import type { Result, Verdict } from "../../src/serve/api.ts";
import { svg } from "./element.ts";

/** What a sign says: a verdict, or that there is none to be shown. */
export type Sign = Verdict | "stale" | "waiting";

export const words: Record<Sign, string> = {
  good: "Good",
  anomalous: "Anomalous",
  undecided: "Undecided",
  stale: "No connection",
  waiting: "Waiting",
};

/** A shape for each, told apart without colour: disc with a tick, octagon with a cross, triangle with a question, ring. */
const shapes: Record<Sign, readonly [outline: string, mark: string]> = {
  good: ["M16 2a14 14 0 1 0 0 28a14 14 0 1 0 0-28z", "M9 16.5l5 5 9-11"],
  anomalous: ["M10.2 2h11.6L30 10.2v11.6L21.8 30H10.2L2 21.8V10.2z", "M10.5 10.5l11 11M21.5 10.5l-11 11"],
  undecided: ["M16 2.5L31 29H1z", "M12.6 15.5a3.4 3 0 1 1 4.6 2.7c-1 .5-1.2 1-1.2 2.3M16 24v1.2"],
  stale: ["M16 3.5a12.5 12.5 0 1 0 0 25a12.5 12.5 0 1 0 0-25zM6 26L26 6", ""],
  waiting: ["M16 3.5a12.5 12.5 0 1 0 0 25a12.5 12.5 0 1 0 0-25z", ""],
};

export function verdictIcon(sign: Sign): SVGSVGElement {
  const [outline, mark] = shapes[sign];
  return svg(
    "svg",
    { class: `icon ${sign}`, viewBox: "0 0 32 32", "aria-hidden": "true" },
    svg("path", { class: "outline", d: outline }),
    svg("path", { class: "mark", d: mark }),
  );
}

/** Whether an image of this log NFA is anomalous at another threshold; null: it has no verdict. */
export function anomalousAt({ logNfa }: Result, logEpsilon: number): boolean | null {
  return logNfa === null ? null : logNfa < logEpsilon;
}

/** How many verdicts another threshold would change. */
export function changesAt(
  results: readonly Result[],
  logEpsilon: number,
): { toAnomalous: number; toGood: number } {
  const changed = results.filter((result) => {
    const anomalous = anomalousAt(result, logEpsilon);
    return anomalous !== null && anomalous !== (result.verdict === "anomalous");
  });
  const toGood = changed.filter(({ verdict }) => verdict === "anomalous").length;
  return { toAnomalous: changed.length - toGood, toGood };
}
