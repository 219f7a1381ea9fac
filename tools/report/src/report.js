import "uplot/dist/uPlot.min.css";
import "./report.css";
import { showChart } from "./chart.js";
import { read } from "./data.js";
import { showFrames } from "./frames.js";
import { showTables } from "./tables.jsx";
import { showTabs } from "./tabs.js";
import { showTimeline } from "./timeline.js";

async function start() {
  const report = await read();
  const timeline = showTimeline(report);
  showChart(document.getElementById("activity"), report.activity);
  document.documentElement.dataset.ready = Math.round(performance.now());
  await new Promise((resolve) => setTimeout(resolve));
  showFrames(report);
  showTabs();
  showTables(report, (process) => {
    document.getElementById("timeline").scrollIntoView({ block: "center" });
    document.getElementById("timeline").focus({ preventScroll: true });
    timeline.show(process);
  });
}

start().catch((error) => {
  const said = document.getElementById("trouble");
  said.hidden = false;
  said.textContent = `This browser can't show all of the page: ${error.message}`;
  throw error;
});
