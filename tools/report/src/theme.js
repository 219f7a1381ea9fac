// Colours, by what the reader prefers. report.css has them; a canvas has to ask.

const dark = matchMedia("(prefers-color-scheme: dark)");

export const onChange = (call) => dark.addEventListener("change", call);

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// The same program has the same colour in every report. Red is left for what failed.
export function colourOf(name) {
  let hash = 0x811c9dc5; // FNV-1a, and mixed once more: names that differ in a digit get colours that differ
  for (const each of name) hash = Math.imul(hash ^ each.codePointAt(0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  const hue = 40 + (hash % 290);
  const light = (hash >>> 9) % 3;
  return dark.matches ? `hsl(${hue} 32% ${28 + light * 3}%)` : `hsl(${hue} 52% ${80 + light * 3}%)`;
}

export function styles() {
  const background = colour("canvas"), fontColor = colour("text"), font = "11px system-ui, sans-serif";
  const grid = { font, fontColor: colour("muted") };
  return {
    main: { backgroundColor: background, font, fontColor, blockHeight: 17 },
    timeGrid: { color: colour("grid") },
    timeGridPlugin: grid,
    timeframeSelectorPlugin: {
      ...grid,
      height: 36,
      backgroundColor: background,
      overlayColor: colour("shade"),
      graphFillColor: colour("grid"),
      graphStrokeColor: colour("line"),
      bottomLineColor: colour("line"),
      knobColor: colour("accent"),
      knobStrokeColor: background,
      flameChartGraphType: "line",
    },
  };
}
