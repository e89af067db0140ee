// Observed false alarms against the promised ones, both axes logarithmic, as SVG.
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, GridComponent, LegendComponent, SVGRenderer]);

const exponents = Array.from({ length: 41 }, (_, i) => -3 + i / 10);

/** @param onGood per way of testing log10 NFA of the most significant region of every good image */
export function promisePlot(onGood) {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: 640, height: 510 });
  // The threshold on the anomaly map has no ε.
  const ways = Object.entries(onGood).filter(([name]) => name !== "fair threshold");
  chart.setOption({
    animation: false,
    backgroundColor: "#fff",
    // Widths of text are estimated, and fonts differ.
    legend: { bottom: 0, itemGap: 30 },
    grid: { left: 70, right: 20, top: 20, bottom: 115 },
    xAxis: {
      type: "log",
      name: "ε, promised false alarms",
      nameLocation: "middle",
      nameGap: 28,
      min: 1e-3,
      max: 10,
    },
    yAxis: {
      type: "log",
      name: "good images with one",
      nameLocation: "middle",
      nameGap: 50,
      min: 1e-3,
      max: 1,
    },
    series: [
      {
        type: "line",
        name: "promised",
        symbol: "none",
        lineStyle: { type: "dashed" },
        data: [1e-3, 1].map((x) => [x, x]),
      },
      ...ways.map(([name, values]) => ({ type: "line", name, symbol: "none", data: observed(values) })),
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function observed(logNfas) {
  return exponents
    .map((exponent) => [10 ** exponent, logNfas.filter((value) => value < exponent).length / logNfas.length])
    .filter(([, part]) => part > 0);
}
