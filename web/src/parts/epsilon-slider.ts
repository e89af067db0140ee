import { h } from "../element.ts";
import { count, epsilon, fixed } from "../format.ts";
import type { Line } from "../line.ts";
import { changesAt } from "../verdict.ts";

/** log₁₀ ε. */
const least = -6;
const most = 3;
const step = 0.05;

/** Steps of the slider that a key moves it. */
const keySteps = 5;

/** Tries another ε on the shown frame, and counts what it would change among the frames that the page keeps. */
export class EpsilonSlider extends HTMLElement {
  private readonly slider = h("input", {
    type: "range",
    id: "epsilon",
    min: least,
    max: most,
    step,
    list: "epsilon-marks",
    input: () => this.line.tryEpsilon(this.slider.valueAsNumber),
  });
  private readonly value = h("output", { for: "epsilon" });
  private readonly effect = h("p", { class: "effect" });
  private readonly back = h(
    "button",
    { type: "button", title: "Back to the operating point: key 0", click: () => this.reset() },
    "Reset",
  );

  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    const marks = Array.from({ length: most - least + 1 }, (_, i) => least + i);
    this.append(
      h("header", {}, h("label", { for: "epsilon" }, "False alarms per image, ε"), this.value),
      this.slider,
      h("datalist", { id: "epsilon-marks" }, ...marks.map((value) => h("option", { value }))),
      h(
        "div",
        { class: "scale", "aria-hidden": "true" },
        ...[-6, -3, 0, 3].map((value) => h("span", {}, epsilon(value))),
      ),
      h("div", { class: "outcome" }, this.effect, this.back),
    );
    this.line.on(["trial", "shown", "models", "results"], () => this.show());
  }

  /** Moves the threshold by so many steps of a key. */
  move(steps: number): void {
    const from = this.line.trial?.logEpsilon ?? this.operating() ?? 0;
    const to = Math.min(most, Math.max(least, from + steps * keySteps * step));
    this.line.tryEpsilon(Number(to.toFixed(2)));
  }

  reset(): void {
    this.line.tryEpsilon(null);
  }

  /** The threshold that decided the shown frame. */
  private operating(): number | null {
    const { shown } = this.line;
    return shown ? (this.line.modelOf(shown)?.operatingPoint.logEpsilon ?? null) : null;
  }

  private show(): void {
    const { shown, trial } = this.line;
    const operating = this.operating();
    const logEpsilon = trial?.logEpsilon ?? operating;
    this.slider.disabled = shown === null || shown.logNfa === null;
    this.back.disabled = trial === null;
    if (logEpsilon !== null) this.slider.valueAsNumber = logEpsilon;
    this.slider.setAttribute("aria-valuetext", logEpsilon === null ? "unknown" : epsilon(logEpsilon));
    this.value.textContent = logEpsilon === null ? "–" : epsilon(logEpsilon);
    this.effect.textContent = trial ? this.effectOf(trial.logEpsilon) : this.invitation();
  }

  private invitation(): string {
    const undecided = this.line.shown?.logNfa === null;
    return undecided
      ? "This frame has no map on which to try another threshold."
      : "Move it to try another threshold on this frame.";
  }

  private effectOf(logEpsilon: number): string {
    const { shown, results, trial } = this.line;
    const alike = results.filter(({ model }) => model.sha256 === shown?.model.sha256);
    const { toAnomalous, toGood } = changesAt(alike, logEpsilon);
    const time = trial?.answer ? ` Segmented in ${fixed(trial.answer.milliseconds, 1)} ms.` : "";
    if (toAnomalous + toGood === 0)
      return `None of the last ${count(alike.length, "verdict")} would change.${time}`;
    const parts = [
      toAnomalous > 0 ? `${toAnomalous} to anomalous` : "",
      toGood > 0 ? `${toGood} to good` : "",
    ];
    return `Of the last ${count(alike.length, "verdict")} would change: ${parts.filter(Boolean).join(", ")}.${time}`;
  }
}

customElements.define("uflow-epsilon", EpsilonSlider);
