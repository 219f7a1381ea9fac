// The timeline of processes, with search and details.

import { Canvas } from "./canvas.js";
import { showDetails } from "./details.jsx";
import { colour, colourOf, onChange } from "./theme.js";
import { count, time } from "./words.js";

const by = (id) => document.getElementById(id);

export function showTimeline(report) {
  const { processes } = report;
  const names = processes.pid.map((_, each) => report.text("name", each));
  let matching = null; // of those that are searched for: a set, in the order of their start
  const colourOfProcess = (each) => {
    if (matching && !matching.has(each)) return colour("faint");
    return processes.failed[each] ? colour("failed") : colourOf(names[each]);
  };
  const bars = names.map((name, each) => ({
    name: processes.failed[each] ? `✖ ${name}` : name,
    start: processes.start[each],
    duration: processes.wall[each],
    row: processes.row[each],
    parent: processes.parent[each],
    color: colourOfProcess(each),
  }));
  const canvas = new Canvas(by("timeline"), bars, report.span, {
    hasOverview: true,
    tip: (each) => [
      shortened(report.command(each)),
      `${time(processes.wall[each])}, ${report.text("end", each) || "exit 0"}, PID ${processes.pid[each]}`,
    ],
    select: (each) => showDetails(by("details"), report, each, (other) => canvas.show(other)),
  });
  if (report.count) canvas.choose(0);
  else showDetails(by("details"), report, null, () => {});
  const recolour = () => canvas.recolour(colourOfProcess);
  onChange(() => recolour());
  by("zoom-in").onclick = () => canvas.zoom(1.6);
  by("zoom-out").onclick = () => canvas.zoom(1 / 1.6);
  by("zoom-all").onclick = () => canvas.all();

  const find = () => {
    const words = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const failed = by("only-failed").checked;
    matching = null;
    if (words.length || failed) {
      const found = [...names.keys()].filter((each) => (!failed || processes.failed[each]) && report.matches(each, words));
      matching = new Set(found);
    }
    by("found").textContent = matching ? `${count(matching.size)} of ${count(report.count)} processes` : "";
    recolour();
  };
  const next = (step) => {
    const found = [...(matching ?? [])];
    if (!found.length) return;
    const at = found.indexOf(canvas.selected);
    canvas.show(found[(at + step + found.length) % found.length] ?? found[0]);
  };
  let waiting;
  by("search").oninput = () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, report.count > 5000 ? 150 : 30);
  };
  by("search").onkeydown = (event) => {
    if (event.key !== "Enter") return;
    clearTimeout(waiting);
    find();
    next(event.shiftKey ? -1 : 1);
  };
  by("only-failed").onchange = find;
  return canvas;
}

const shortened = (text) => (text.length > 160 ? `${text.slice(0, 159)}…` : text);
