/** Colours of everything that is drawn. One dark theme: parts and heat stand out, the frame around them does not. */
export const theme = {
  background: "#0e1116",
  card: "#171b22",
  line: "#2b323d",
  text: "#e8ecf2",
  muted: "#8f9aab",
  good: "#3ecf8e",
  anomalous: "#ff5468",
  /** A verdict that the ground truth contradicts. */
  wrong: "#ffb02e",
  /** Cyan: the one hue that the heat map has not. */
  contour: "#22f0ff",
} as const;
