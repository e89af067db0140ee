/**
 * Colours on white paper. Those that tell things apart are Okabe and Ito's, which the colour-blind tell apart too
 * (M. Okabe, K. Ito, "Color Universal Design", 2008).
 */
export const ink = {
  text: "#0e1116",
  muted: "#5a6472",
  rule: "#ccd2da",
  good: "#0072b2",
  defective: "#d55e00",
  third: "#009e73",
  fourth: "#cc79a7",
  failed: "#b3152b",
} as const;
