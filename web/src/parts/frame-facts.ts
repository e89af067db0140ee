import type { Result } from "../../../src/serve/api.ts";
import { h } from "../element.ts";
import { dateAndTime, logNfa, milliseconds, score } from "../format.ts";
import type { Line } from "../line.ts";

/** The numbers of the shown frame. */
export class FrameFacts extends HTMLElement {
  constructor(private readonly line: Line) {
    super();
  }

  connectedCallback(): void {
    this.line.on(["shown", "models"], () => {
      const { shown } = this.line;
      this.replaceChildren(...(shown ? [this.figures(shown), this.origin(shown)] : []));
    });
  }

  private figures(result: Result): HTMLElement {
    const limit = this.line.modelOf(result)?.operatingPoint.logEpsilon;
    const number = (name: string, value: string, note: string) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, value, h("small", {}, note)));
    return h(
      "dl",
      { class: "figures" },
      number(
        "log NFA",
        result.logNfa === null ? "–" : logNfa(result.logNfa),
        limit === undefined ? "" : `anomalous below ${logNfa(limit)}`,
      ),
      number("Score", result.anomalyScore === null ? "–" : score(result.anomalyScore), "0 … 1"),
      number(
        "Latency",
        result.timings ? milliseconds(result.timings.total) : "–",
        result.timings ? `ms, network ${milliseconds(result.timings.network)}` : "ms",
      ),
      number("Regions", String(result.regions.length), result.regions[0] ? largest(result) : ""),
    );
  }

  private origin({ time, station, model, image }: Result): HTMLElement {
    const fact = (name: string, value: string) =>
      h("div", {}, h("dt", {}, name), h("dd", { class: "cut", title: value }, h("bdi", {}, value)));
    const size = image.width === null ? "" : ` · ${image.width} × ${image.height}`;
    return h(
      "dl",
      { class: "facts" },
      fact("Time", dateAndTime(time)),
      fact("Station", station || "–"),
      fact("Model", `${model.name} · ${model.sha256.slice(0, 8)}`),
      fact("Image", `${image.name || "–"}${size}`),
    );
  }
}

function largest({ regions }: Result): string {
  const { area } = regions.reduce((a, b) => (b.area > a.area ? b : a));
  return `largest ${Math.round(area)} px`;
}

customElements.define("uflow-facts", FrameFacts);
