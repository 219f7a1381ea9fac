// Bars in rows over time, on a canvas: flame-chart-js draws, zooms and pans. Here are the rows that we give it, what
// the keyboard does, and what is marked.

import { FlameChartContainer, FlameChartPlugin, TimeframeSelectorPlugin, TimeGridPlugin } from "flame-chart-js";
import { colour, onChange, styles } from "./theme.js";

const ZOOM = 1.6;
const PAN = 0.15; // of what is seen
const LEAST_HEIGHT = 80; // flame-chart-js never ends where its parts have no room
const US = 1e6; // the canvas counts seconds

class Rows extends FlameChartPlugin {
  constructor(data, span) {
    super({ data: [], name: "rows" });
    Object.assign(this, { data, span, rows: Math.max(0, ...data.map((each) => each.row)) + 1 });
    this.parseData();
  }

  // flame-chart-js takes a tree, whose levels are its rows; ours are given
  parseData() {
    this.flatTree = this.data
      .map((source, index) => ({ source, index, end: source.start + source.duration, parent: null, level: source.row }))
      .sort((a, b) => a.level - b.level || a.source.start - b.source.start);
    this.nodes = [];
    for (const node of this.flatTree) this.nodes[node.index] = node;
    this.calcMinMax();
  }

  calcMinMax() {
    this.min = 0;
    this.max = this.span || 1e-6;
  }

  setPositionY(y) {
    const { blockHeight, height } = this.renderEngine;
    const most = this.rows * (blockHeight + 1) - height + blockHeight;
    this.positionY = Math.max(0, Math.min(y, most));
  }

  mark(index) {
    this.selectedRegion = index === null ? null : { data: this.nodes[index], type: "marked" };
  }

  render() {
    super.render();
    if (!this.selectedRegion) return;
    const { source, level } = this.selectedRegion.data;
    const { x, y, w } = this.calcRect(source.start, source.duration, level);
    const from = Math.max(x, -4), to = Math.min(x + Math.max(w, 2), this.renderEngine.width + 4);
    for (const inset of [-1, 0, 1]) {
      const h = this.renderEngine.blockHeight - 2 * inset;
      this.renderEngine.addStroke({ color: colour("accent"), x: from + inset, y: y + inset, w: to - from - 2 * inset, h }, 2);
    }
  }
}

// `bars`: { name, start, duration, row, color, parent } in microseconds; `select` is called with a bar's number or null,
// `tip` gives the lines about one.
export class Canvas {
  constructor(canvas, bars, span, { select, tip, hasOverview = false }) {
    Object.assign(this, { canvas, bars, span: span / US, select, tip, selected: null });
    const data = bars.map((bar) => ({ ...bar, start: bar.start / US, duration: Math.max(bar.duration, 1) / US }));
    this.rows = new Rows(data, this.span);
    const settings = () => ({ styles: styles(), options: { timeUnits: " s", tooltip: (...what) => this.showTip(...what) } });
    const overview = hasOverview
      ? [new TimeframeSelectorPlugin({ timeseries: atOnce(data, this.span), settings: { styles: styles().timeframeSelectorPlugin } })]
      : [];
    this.fit();
    this.chart = new FlameChartContainer({
      canvas,
      plugins: [...overview, new TimeGridPlugin({ styles: styles().timeGridPlugin }), this.rows],
      settings: settings(),
    });
    this.children = new Map();
    bars.forEach(({ parent }, each) => {
      if (!this.children.has(parent)) this.children.set(parent, []);
      this.children.get(parent).push(each);
    });
    this.rows.on("select", ({ node }) => this.choose(node ? node.index : null));
    onChange(() => {
      this.chart.setSettings(settings());
      for (const each of overview) each.setTimeseries(atOnce(data, this.span));
    });
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
    canvas.addEventListener("keydown", (event) => this.press(event));
    // the wheel scrolls the page, unless the canvas has the focus
    const leave = (event) => document.activeElement !== canvas && !event.ctrlKey && event.stopPropagation();
    canvas.parentElement.addEventListener("wheel", leave, { capture: true, passive: true });
    canvas.addEventListener("mousedown", () => canvas.focus({ preventScroll: true }));
    canvas.addEventListener("mouseleave", () => this.hideTip());
  }

  get engine() {
    return this.chart.renderEngine;
  }

  fit() {
    const { width, height } = this.canvas.parentElement.getBoundingClientRect();
    Object.assign(this.canvas, { width: Math.floor(width), height: Math.floor(height) });
  }

  resize() {
    const { width, height } = this.canvas.parentElement.getBoundingClientRect();
    if (height < LEAST_HEIGHT) return;
    this.chart.resize(Math.floor(width), Math.floor(height));
  }

  recolour(colourOf) {
    this.rows.data.forEach((each, index) => (each.color = colourOf(index)));
    this.rows.initData();
    this.chart.render();
  }

  choose(index) {
    this.selected = index;
    this.rows.mark(index);
    this.chart.render();
    this.select(index);
  }

  // choose it, and see to it that it can be seen
  show(index) {
    const { start, duration } = this.rows.data[index];
    const view = this.engine.getRealView(), end = start + duration;
    if (start > this.engine.positionX + view * 0.95 || end < this.engine.positionX + view * 0.02) {
      this.look(start - view * 0.1, view);
    } else if (duration * this.engine.zoom < 4 && duration) {
      this.look(start - duration * 20, duration * 100);
    }
    const { blockHeight, height } = this.rows.renderEngine;
    const top = this.rows.data[index].row * (blockHeight + 1);
    if (top < this.rows.positionY || top + 2 * blockHeight > this.rows.positionY + height) {
      this.rows.setPositionY(top - height / 3);
    }
    this.choose(index);
  }

  look(start, view) {
    const least = 50 / US;
    const wide = Math.min(this.span || 1e-6, Math.max(view, least));
    const from = Math.max(0, Math.min(start, this.span - wide));
    this.chart.setZoom(from, from + wide);
  }

  zoom(by) {
    const view = this.engine.getRealView();
    let middle = this.engine.positionX + view / 2;
    if (this.selected !== null) {
      const { start, duration } = this.rows.data[this.selected];
      const centre = start + duration / 2;
      if (centre > this.engine.positionX && centre < this.engine.positionX + view) middle = centre;
    }
    const share = (middle - this.engine.positionX) / view;
    this.look(middle - (view / by) * share, view / by);
  }

  pan(share, rows = 0) {
    const view = this.engine.getRealView();
    this.look(this.engine.positionX + view * share, view);
    this.rows.setPositionY(this.rows.positionY + rows * 18);
  }

  all() {
    this.rows.setPositionY(0);
    this.look(0, this.span);
  }

  press(event) {
    if (event.altKey || event.metaKey || (event.ctrlKey && !event.key.startsWith("Arrow"))) return;
    const moves = event.shiftKey ? PANS : STEPS;
    const call = KEYS[event.key] ?? moves[event.key];
    if (!call) return;
    event.preventDefault();
    call(this);
  }

  // from the chosen bar to another one: beside, above, below
  step(way) {
    const at = this.selected;
    if (at === null) {
      if (this.bars.length) this.show(this.children.get(-1)?.[0] ?? 0);
      return;
    }
    const beside = this.children.get(this.bars[at].parent) ?? [];
    const to = {
      up: this.bars[at].parent >= 0 ? this.bars[at].parent : undefined,
      down: this.children.get(at)?.[0],
      left: beside[beside.indexOf(at) - 1],
      right: beside[beside.indexOf(at) + 1],
    }[way];
    if (to !== undefined) this.show(to);
  }

  enlarge() {
    if (this.selected === null) return;
    const { start, duration } = this.rows.data[this.selected];
    this.look(start - duration * 0.02, duration * 1.04);
  }

  showTip(region, _engine, mouse) {
    if (!region) return this.hideTip();
    const tip = document.getElementById("tip");
    tip.replaceChildren(...this.tip(region.data.index).map((text) => Object.assign(document.createElement("div"), { textContent: text })));
    tip.hidden = false;
    const place = this.canvas.getBoundingClientRect(), size = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(place.left + mouse.x + 14, innerWidth - size.width - 8))}px`;
    const below = place.top + mouse.y + 18;
    tip.style.top = `${below + size.height > innerHeight ? below - size.height - 30 : below}px`;
    return undefined;
  }

  hideTip() {
    document.getElementById("tip").hidden = true;
  }
}

// how many there were at the same time, over time
function atOnce(data, span) {
  const steps = 400;
  const changes = new Int32Array(steps + 2);
  for (const { start, duration } of data) {
    changes[Math.floor((start / span) * steps)]++;
    changes[Math.min(steps, Math.floor(((start + duration) / span) * steps)) + 1]--;
  }
  let now = 0;
  const points = Array.from(changes.slice(0, steps + 1), (change, step) => [(step / steps) * span, (now += change)]);
  const style = { type: "bar", fillColor: colour("bars"), lineColor: colour("bars") };
  return [{ name: "processes", min: 0, points, style }];
}

const KEYS = {
  "+": (on) => on.zoom(ZOOM),
  "=": (on) => on.zoom(ZOOM),
  "-": (on) => on.zoom(1 / ZOOM),
  _: (on) => on.zoom(1 / ZOOM),
  0: (on) => on.all(),
  Home: (on) => on.all(),
  Enter: (on) => on.enlarge(),
  Escape: (on) => (on.selected === null ? on.canvas.blur() : on.choose(null)),
  PageDown: (on) => on.pan(0, 12),
  PageUp: (on) => on.pan(0, -12),
};
const STEPS = {
  ArrowLeft: (on) => on.step("left"),
  ArrowRight: (on) => on.step("right"),
  ArrowUp: (on) => on.step("up"),
  ArrowDown: (on) => on.step("down"),
};
const PANS = {
  ArrowLeft: (on) => on.pan(-PAN),
  ArrowRight: (on) => on.pan(PAN),
  ArrowUp: (on) => on.pan(0, -3),
  ArrowDown: (on) => on.pan(0, 3),
};
