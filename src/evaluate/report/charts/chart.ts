import { LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { type Html, html } from "../../../page/html.js";
import { ink } from "../../../page/ink.js";

use([LineChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent, SVGRenderer]);

export type Point = readonly [x: number, y: number];

export interface Axis {
  name: string;
  min?: number;
  max?: number;
  /** Logarithmic; min and max are then above 0. */
  log?: boolean;
  /** Where the ticks are; default: where the library finds round numbers. */
  ticks?: readonly number[];
  /** Ticks at whole numbers only. */
  counts?: boolean;
  /** What stands at a tick. */
  label?: (value: number) => string;
}

export interface Series {
  /** Empty: not in the legend. */
  name: string;
  colour: string;
  /** `spans` joins every two points by a line of its own; `steps` holds a value until the next and is filled. */
  style: "line" | "dashed" | "steps" | "dots" | "rings" | "diamonds" | "spans";
  points: readonly Point[];
}

/** A chart of numbers against numbers. */
export interface Plot {
  title: string;
  /** What is to be seen, in a sentence. */
  caption: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
  /** Thresholds: vertical lines with a word each. */
  thresholds?: readonly { at: number; name: string }[];
}

/** Pixels; the page scales it. */
const size = { width: 420, height: 280 };

/**
 * A figure with its title and caption. The chart is a picture inside of the page: no name in it can become markup of
 * the page, and no two charts can mix their identifiers.
 */
export function figure(plot: Plot): Html {
  const picture = Buffer.from(draw(plot)).toString("base64");
  return html`<figure><h3>${plot.title}</h3><img src="data:image/svg+xml;base64,${picture}" width="${size.width}" height="${size.height}" alt="Chart: ${plot.title}"><figcaption>${plot.caption}</figcaption></figure>`;
}

/** The chart as SVG, drawn without a browser. */
export function draw({ x, y, series, thresholds = [] }: Plot): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  const named = series.filter(({ name }) => name !== "");
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif", fontSize: 11 },
    grid: { left: 50, right: 16, top: 22, bottom: named.length > 0 ? 66 : 44, outerBoundsMode: "none" },
    legend: {
      show: named.length > 0,
      bottom: 0,
      itemGap: 16,
      itemWidth: 18,
      itemHeight: 8,
      data: named.map(({ name, style }) => ({ name, icon: style === "diamonds" ? "diamond" : "roundRect" })),
      textStyle: { fontSize: 11, color: ink.text },
    },
    xAxis: { ...axis(x), nameGap: 24 },
    yAxis: { ...axis(y), nameGap: 36 },
    series: series.map((one, i) => ({
      ...seriesOf(one),
      ...(i === 0 && thresholds.length > 0 && { markLine: markLine(thresholds) }),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function axis({ name, min, max, log, counts, ticks, label }: Axis) {
  return {
    type: log ? "log" : "value",
    name,
    min,
    max,
    minInterval: counts ? 1 : undefined,
    nameLocation: "middle",
    nameMoveOverlap: false,
    nameTextStyle: { fontSize: 11, color: ink.muted },
    axisLine: { show: true, onZero: false, lineStyle: { color: ink.muted } },
    axisTick: { show: true, length: 4, lineStyle: { color: ink.muted }, customValues: ticks },
    axisLabel: { fontSize: 10, color: ink.text, formatter: label ?? plain, customValues: ticks },
    splitLine: { show: ticks === undefined, lineStyle: { color: "#e8ebef" } },
  };
}

const plain = (value: number) => String(Number(value.toPrecision(6))).replace("-", "−");

function seriesOf({ name, colour, style, points }: Series) {
  const common = {
    name,
    silent: true,
    itemStyle: { color: colour },
    data: style === "spans" ? apart(points) : points,
  };
  if (style === "dots") return { ...common, type: "scatter", symbolSize: 5 };
  if (style === "diamonds") return { ...common, type: "scatter", symbol: "diamond", symbolSize: 12 };
  if (style === "rings") {
    const ring = { color: "#fff", borderColor: colour, borderWidth: 1.6 };
    return { ...common, type: "scatter", symbolSize: 7, itemStyle: ring };
  }
  return {
    ...common,
    type: "line",
    showSymbol: false,
    lineStyle: {
      color: colour,
      width: style === "dashed" ? 1.2 : 1.8,
      type: style === "dashed" ? "dashed" : "solid",
    },
    ...(style === "steps" && { step: "end", areaStyle: { color: colour, opacity: 0.22 } }),
  };
}

/** A gap after every second point. */
const apart = (points: readonly Point[]) =>
  points.flatMap((point, i) => (i % 2 === 1 ? [point, ["-", "-"]] : [point]));

function markLine(thresholds: readonly { at: number; name: string }[]) {
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: ink.text, width: 1.2, type: "dashed" },
    label: { fontSize: 10, color: ink.text, formatter: ({ name }: { name: string }) => name, distance: 4 },
    data: thresholds.map(({ at, name }) => ({ xAxis: at, name })),
  };
}
