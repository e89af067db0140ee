// Time against pixels and against channels, both axes logarithmic, as SVG.
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { duration } from "./table.mjs";

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const size = { width: 960, height: 440 };
const panels = ["pixels", "channels"];

export function growthPlot(series) {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  chart.setOption({
    animation: false,
    backgroundColor: "#fff",
    title: panels.map((along, i) => ({
      text: `Time against ${along}`,
      left: i === 0 ? "5%" : "55%",
      textStyle: { fontSize: 15 },
    })),
    legend: { bottom: 0, itemGap: 28 },
    grid: panels.map((_, i) => ({ left: i === 0 ? "7%" : "57%", width: "40%", top: 45, bottom: 85 })),
    xAxis: panels.map((along, gridIndex) => ({
      type: "log",
      name: along,
      nameLocation: "middle",
      nameGap: 28,
      gridIndex,
      ...rangeOf(series.filter((one) => one.along === along)),
    })),
    yAxis: panels.map((_, gridIndex) => ({
      type: "log",
      gridIndex,
      axisLabel: { formatter: (seconds) => duration(seconds).replace(".00", "").replace(".0", "") },
    })),
    series: series.map(({ task, along, points }) => {
      const panel = panels.indexOf(along);
      return {
        type: "line",
        silent: true,
        name: task.replace("_", " "),
        data: points,
        xAxisIndex: panel,
        yAxisIndex: panel,
      };
    }),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function rangeOf(series) {
  const xs = series.flatMap(({ points }) => points.map(([x]) => x));
  return {
    min: 10 ** Math.floor(Math.log10(Math.min(...xs))),
    max: 10 ** Math.ceil(Math.log10(Math.max(...xs))),
  };
}
