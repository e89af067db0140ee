import type { Comparison, DriftState, Quartiles } from "../../../src/drift/state.ts";
import { h, svg } from "../element.ts";
import { count, fixed } from "../format.ts";
import type { Drift, Line } from "../line.ts";
import { type Sign, verdictIcon } from "../verdict.ts";

/** Milliseconds between two looks at how full the window is, while the panel is seen. */
const lookAgain = 5000;

const states: Record<DriftState["state"], { word: string; sign: Sign }> = {
  ok: { word: "Like the calibration", sign: "good" },
  watch: { word: "Watch", sign: "undecided" },
  alarm: { word: "Drift", sign: "anomalous" },
  unknown: { word: "Not known", sign: "waiting" },
};

/** Whether good parts are still like the good images that the model was calibrated on. */
export class DriftPanel extends HTMLElement {
  private readonly models = h("div");

  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    this.append(h("h2", {}, "Drift"), this.models);
    this.line.on(["drift"], () => this.models.replaceChildren(...this.line.drift.map(panel)));
    setInterval(() => {
      if (this.checkVisibility() && this.line.connection === "live") void this.line.readDrift();
    }, lookAgain);
  }
}

function panel(drift: Drift): HTMLElement {
  const { word, sign } = states[drift.state];
  const { parts, good, alarms, window } = drift;
  const rows = [
    ...drift.energies.map((energy, i) => ({ name: `Energy, scale ${i + 1}`, ...energy })),
    { name: "log NFA", ...drift.logNfa },
  ];
  return h(
    "article",
    { class: `drift ${drift.state}` },
    h("h3", {}, drift.model),
    h("p", { class: "state" }, verdictIcon(sign), h("strong", {}, word)),
    h("p", {}, drift.text),
    h(
      "p",
      { class: "key" },
      mark("calibration"),
      "good images of the calibration",
      mark("recent"),
      `the last ${window} good parts`,
    ),
    h("div", { class: "comparisons" }, ...rows.map(comparison)),
    h(
      "p",
      { class: "muted" },
      `${count(parts, "part")}, ${good} good; ${count(alarms, "window")} raised the alarm.`,
    ),
  );
}

const mark = (kind: string) =>
  svg(
    "svg",
    { class: "swatch", viewBox: "0 0 28 12", "aria-hidden": "true" },
    svg("rect", { class: kind, x: 0, y: 1, width: 28, height: 10 }),
  );

/** Two boxes from quartile to quartile on one axis, with their medians. */
function comparison({ name, calibration, recent }: Comparison & { name: string }): HTMLElement {
  const known = [calibration, recent].filter((quartiles) => quartiles !== null);
  const ends = known.flatMap(({ low, high }) => [low, high]);
  const room = Math.max(1e-9, Math.max(...ends) - Math.min(...ends)) * 0.35;
  const from = Math.min(...ends) - room;
  const x = (value: number) => (100 * (value - from)) / (Math.max(...ends) + room - from);
  const box = (quartiles: Quartiles | null, kind: string, y: number) =>
    quartiles
      ? [
          svg("rect", {
            class: kind,
            x: `${x(quartiles.low)}%`,
            width: `${x(quartiles.high) - x(quartiles.low)}%`,
            y,
            height: 12,
          }),
          svg("line", {
            class: `median ${kind}`,
            x1: `${x(quartiles.median)}%`,
            x2: `${x(quartiles.median)}%`,
            y1: y - 2,
            y2: y + 14,
          }),
        ]
      : [];
  return h(
    "div",
    { class: "comparison" },
    h("span", { class: "name" }, name),
    svg(
      "svg",
      { "aria-hidden": "true" },
      ...box(calibration, "calibration", 4),
      ...box(recent, "recent", 22),
    ),
    h("span", { class: "medians" }, `${median(calibration)} → ${median(recent)}`),
  );
}

const median = (quartiles: Quartiles | null) => (quartiles ? fixed(quartiles.median, 2) : "–");

customElements.define("uflow-drift", DriftPanel);
