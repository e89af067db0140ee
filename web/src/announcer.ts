import { h } from "./element.ts";
import { logNfa, timeOfDay } from "./format.ts";
import type { Line } from "./line.ts";
import { words } from "./verdict.ts";

/** Milliseconds: a screen reader needs so long for a sentence. */
const pause = 3000;

/** Says verdicts to screen readers: every change, and every anomalous frame, as far as there is time to say them. */
export function announce(line: Line): HTMLElement {
  const region = h("p", { class: "unseen", "aria-live": "assertive", role: "status" });
  let said = "";
  let until = 0;
  line.on(["shown", "connection"], () => {
    const sentence = sentenceOf(line);
    const verdict = sentence.split(",")[0]!;
    const news = verdict !== said || verdict === words.anomalous;
    if (!news || (verdict === said && Date.now() < until)) return;
    said = verdict;
    until = Date.now() + pause;
    region.textContent = sentence;
  });
  return region;
}

function sentenceOf({ connection, shown }: Line): string {
  if (connection !== "live") return words.stale;
  if (!shown) return words.waiting;
  const number = shown.logNfa === null ? "" : `, log NFA ${logNfa(shown.logNfa)}`;
  return `${words[shown.verdict]}${number}, ${timeOfDay(shown.time)}`;
}
