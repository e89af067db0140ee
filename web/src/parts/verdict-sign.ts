import { h } from "../element.ts";
import { age, epsilon, timeOfDay } from "../format.ts";
import type { Line } from "../line.ts";
import { type Sign, verdictIcon, words } from "../verdict.ts";

/** Seconds after which a verdict is none on the part that is there now. */
const old = 10;

/** The verdict on the shown frame, to be read from across the hall. Without a connection it is nobody's verdict. */
export class VerdictSign extends HTMLElement {
  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    this.line.on(["connection", "shown", "trial", "stats"], () => this.show());
  }

  private show(): void {
    const { shown, trial } = this.line;
    const sign = this.sign();
    this.className = [sign, trial ? "trial" : "", sign !== "stale" && !this.current ? "held" : ""].join(" ");
    this.replaceChildren(
      verdictIcon(sign),
      h("p", { class: "kind" }, this.kind()),
      h(
        "p",
        { class: "note" },
        shown ? this.note(sign, shown.time) : "Frames appear here as they are inspected.",
      ),
      h("strong", {}, words[sign]),
    );
  }

  /** The verdict is that of the line as it is now. */
  private get current(): boolean {
    return this.line.following && this.line.age < old;
  }

  private sign(): Sign {
    const { connection, shown, trial } = this.line;
    if (connection === "stale" || connection === "locked") return "stale";
    if (!shown) return "waiting";
    if (trial?.answer) return trial.answer.anomalous ? "anomalous" : "good";
    return shown.verdict;
  }

  private kind(): string {
    const { following, trial, connection, age: seconds } = this.line;
    if (connection === "stale" || connection === "locked") return "Last known";
    if (trial) return `With ε = ${epsilon(trial.logEpsilon)} this would be`;
    if (!following) return "Held";
    return seconds < old ? "Live" : `No new frame for ${age(seconds)}`;
  }

  private note(sign: Sign, time: string): string {
    const { shown, trial } = this.line;
    const was = words[shown!.verdict].toLowerCase();
    if (sign === "stale") return `Frame of ${timeOfDay(time)} was ${was}.`;
    if (trial) return trial.problem ?? `Decided at ${timeOfDay(time)}: ${was}.`;
    return shown!.error?.message ?? `Frame of ${timeOfDay(time)}`;
  }
}

customElements.define("uflow-verdict", VerdictSign);
