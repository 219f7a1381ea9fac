// How many events there were at which time.

import uPlot from "uplot";
import { colour, onChange } from "./theme.js";
import { count, time } from "./words.js";

export function showChart(element, { start, step, events, failures }) {
  if (!events.length) return;
  const times = events.map((_, each) => (start + step * (each + 0.5)) / 1e6);
  const bars = uPlot.paths.bars({ size: [1, Infinity], gap: 0 });
  let chart;
  const draw = () => {
    chart?.destroy();
    const axis = {
      stroke: colour("muted"),
      grid: { stroke: colour("grid"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    const { width, height } = element.getBoundingClientRect();
    chart = new uPlot(
      {
        width: Math.floor(width),
        height: Math.floor(height),
        padding: [8, 20, 0, 0],
        cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
        legend: { show: false },
        scales: { x: { time: false, range: (_, from, to) => [Math.max(0, from - step / 2e6), to + step / 2e6] } },
        axes: [
          { ...axis, size: 22, values: (_, ticks) => ticks.map((each) => time(Math.round(each * 1e6))) },
          { ...axis, size: 46, values: (_, ticks) => ticks.map((each) => (Number.isInteger(each) ? count(each) : "")) },
        ],
        series: [
          {},
          { label: "events", fill: colour("bars"), width: 0, paths: bars, points: { show: false } },
          { label: "failed", fill: colour("bad"), width: 0, paths: bars, points: { show: false } },
        ],
        hooks: { setCursor: [(on) => say(on.cursor.idx)] },
      },
      [times, events, failures],
      element,
    );
  };
  const said = document.getElementById("activity-said");
  const whole = said.textContent;
  const say = (at) => {
    said.textContent =
      at == null ? whole : `at ${time(Math.round(start + step * at))}: ${count(events[at])} in ${time(Math.round(step))}, ${count(failures[at])} failed`;
  };
  draw();
  onChange(draw);
  let width = element.clientWidth;
  new ResizeObserver(() => {
    if (Math.abs(element.clientWidth - width) > 1) {
      width = element.clientWidth;
      chart.setSize({ width, height: element.clientHeight });
    }
  }).observe(element);
}
