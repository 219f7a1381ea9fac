// Where the time went: programs below programs, as wide as the time that they took.

import { Canvas } from "./canvas.js";
import { colourOf, onChange } from "./theme.js";
import { counted, time } from "./words.js";

export function showFrames(report) {
  const { frames, texts } = report;
  const last = []; // of each row: whose children come now
  const bars = frames.map(([name, row, start, total], each) => {
    last[row] = each;
    return { name: texts[name], row, start, duration: total, parent: row ? last[row - 1] : -1, color: colourOf(texts[name]) };
  });
  const whole = frames.filter(([, row]) => !row).reduce((sum, [, , , total]) => sum + total, 0);
  const said = (each) => {
    const [name, , , total, own, runs] = frames[each];
    const share = `${((100 * total) / (whole || 1)).toFixed(1)} %`;
    return [texts[name], `${share}: ${time(total)}, of that ${time(own)} of its own, ${counted(runs, "process", "processes")}`];
  };
  const rows = Math.max(0, ...bars.map(({ row }) => row)) + 1;
  document.getElementById("frames").parentElement.style.height = `${Math.min(420, Math.max(90, rows * 18 + 30))}px`;
  const canvas = new Canvas(document.getElementById("frames"), bars, whole, {
    tip: said,
    select: (each) => (document.getElementById("frames-said").textContent = each === null ? "" : said(each).join(": ")),
  });
  onChange(() => canvas.recolour((each) => colourOf(bars[each].name)));
}
