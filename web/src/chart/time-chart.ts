import { h, svg } from "../element.ts";
import { fixed, timeOfDay } from "../format.ts";
import { ticks } from "./ticks.ts";

/** A line of a chart; null where there is no value: the line is broken there. */
export interface Series {
  name: string;
  values: readonly (number | null)[];
}

/** What a chart shows. `times` in milliseconds since 1970, ascending. */
export interface ChartData {
  times: readonly number[];
  series: readonly Series[];
}

/** Pixels around the plot, for the numbers. */
const margin = { left: 52, right: 8, top: 10, bottom: 22 };

/** Milliseconds: what the chart is wide, and between two times on its axis. */
const span = 300_000;
const timeStep = 60_000;

/** Values over the last five minutes, from 0. Numbers of the latest time, or of that below the pointer, stand in the legend. */
export class TimeChart extends HTMLElement {
  private data: ChartData = { times: [], series: [] };
  private readonly plot = svg("svg", { "aria-hidden": "true" });
  private readonly legend = h("dl", { class: "legend" });
  private pointed: number | null = null;

  constructor(
    private readonly heading: string,
    private readonly unit: string,
    /** Digits that make sense behind the decimal point. */
    private readonly digits: number,
  ) {
    super();
  }

  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    const caption = h("h3", {}, this.heading, " ", h("small", {}, this.unit));
    this.append(h("header", {}, caption, this.legend), this.plot);
    this.plot.addEventListener("pointermove", (event) => this.point(event.offsetX));
    this.plot.addEventListener("pointerleave", () => this.point(null));
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  show(data: ChartData): void {
    this.data = data;
    this.draw();
  }

  private point(x: number | null): void {
    this.pointed = x;
    this.draw();
  }

  private draw(): void {
    const { clientWidth: width, clientHeight: height } = this.plot;
    if (width === 0) return;
    const { times, series } = this.data;
    const end = times.at(-1) ?? Date.now();
    const most = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
    const values = ticks(most, 4, 10 ** -this.digits);
    const right = width - margin.right;
    const bottom = height - margin.bottom;
    const x = (time: number) => right - ((end - time) / span) * (right - margin.left);
    const y = (value: number) => bottom - (value / values.at(-1)!) * (bottom - margin.top);
    const at = this.pointed === null ? times.length - 1 : nearest(times.map(x), this.pointed);
    const pointed = this.pointed === null ? undefined : times[at];
    this.plot.replaceChildren(
      ...values.map((value) => rule("grid", [margin.left, right], [y(value), y(value)])),
      ...values.map((value) =>
        label(margin.left - 8, y(value) + 4, "end", fixed(value, digitsOf(values[1]!))),
      ),
      ...timesOfAxis(end).map((time) => label(x(time), height - 4, "middle", timeOfDay(time).slice(0, 5))),
      ...series.map((one, i) =>
        svg("path", { class: `series s${i + 1}`, d: path(times.map(x), one.values, y) }),
      ),
      ...(pointed === undefined ? [] : [rule("pointer", [x(pointed), x(pointed)], [margin.top, bottom])]),
    );
    this.legend.replaceChildren(
      ...series.map((one, i) => entry(`s${i + 1}`, one.name, one.values[at] ?? null, this.digits)),
    );
  }
}

const rule = (kind: string, [x1, x2]: [number, number], [y1, y2]: [number, number]) =>
  svg("line", { class: kind, x1, x2, y1, y2 });

const label = (x: number, y: number, anchor: "end" | "middle", text: string) =>
  svg("text", { x, y, "text-anchor": anchor }, text);

/** Digits behind the decimal point of 1, 2 or 5 times a power of ten. */
const digitsOf = (step: number) => Math.max(0, -Math.floor(Math.log10(step)));

function entry(kind: string, name: string, value: number | null, digits: number): HTMLElement {
  const key = svg("svg", { class: "key", "aria-hidden": "true" }, rule(kind, [0, 22], [5, 5]));
  return h("div", {}, h("dt", {}, key, name), h("dd", {}, value === null ? "–" : fixed(value, digits)));
}

/** Whole minutes that have room on the axis. */
function timesOfAxis(end: number): number[] {
  const last = Math.floor((end - timeStep / 4) / timeStep) * timeStep;
  const count = Math.floor((last - (end - span)) / timeStep);
  return Array.from({ length: count + 1 }, (_, i) => last - i * timeStep).filter(
    (time) => time > end - span + timeStep / 4,
  );
}

/** The place of the nearest; −1 of none. */
function nearest(places: readonly number[], place: number): number {
  const distances = places.map((each) => Math.abs(each - place));
  return distances.indexOf(Math.min(...distances));
}

/** Data of an SVG path, broken where there is no value. */
function path(
  x: readonly number[],
  values: readonly (number | null)[],
  y: (value: number) => number,
): string {
  const points = values.map((value, i) =>
    value === null ? null : `${x[i]!.toFixed(1)} ${y(value).toFixed(1)}`,
  );
  return points.map((point, i) => (point === null ? "" : `${points[i - 1] ? "L" : "M"}${point}`)).join("");
}

customElements.define("uflow-time-chart", TimeChart);
