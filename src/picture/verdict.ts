import { theme } from "./theme.js";

/** A verdict in words and colours. */
export interface Verdict {
  title: string;
  colour: string;
}

/** @param defective what the ground truth says, where there is one */
export function verdictOf(anomalous: boolean, defective = anomalous): Verdict {
  if (anomalous !== defective) return { title: anomalous ? "FALSE ALARM" : "MISSED", colour: theme.wrong };
  return anomalous ? { title: "ANOMALOUS", colour: theme.anomalous } : { title: "GOOD", colour: theme.good };
}

/** log₁₀ NFA as people read it: one decimal, a real minus sign. */
export function logNfaText(logNfa: number): string {
  return `log NFA ${logNfa.toFixed(1).replace("-", "−")}`;
}

export const regionsText = (count: number) => `${count} ${count === 1 ? "region" : "regions"}`;
