/**
 * A line chart as an SVG of its own: no script, no fonts, and colours that follow the reader's light or dark page. The values
 * stand in the legend too, so nothing has to be measured on the picture.
 */
import { number } from "./number.ts";

export interface Line {
  readonly name: string;
  /** 1 to 4: its colour. */
  readonly color: number;
  readonly isDashed?: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Chart {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly isLogarithmic?: boolean;
  readonly lines: readonly Line[];
}

const [WIDTH, HEIGHT] = [760, 400];
const PLOT = { left: 64, right: 520, top: 48, bottom: 348 };

const STYLE = `
  svg { color-scheme: light dark; font: 12px system-ui, sans-serif; }
  .paper { fill: #ffffff; } text { fill: #1f2328; } .soft { fill: #59636e; } .grid { stroke: #d1d9e0; }
  .c1 { stroke: #6e7781; } .c2 { stroke: #bc4c00; } .c3 { stroke: #0969da; } .c4 { stroke: #1a7f37; }
  polyline, .key { fill: none; stroke-width: 2; } .dashed { stroke-dasharray: 5 4; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } text { fill: #f0f6fc; } .soft { fill: #9198a1; } .grid { stroke: #3d444d; }
    .c1 { stroke: #9198a1; } .c2 { stroke: #f0883e; } .c3 { stroke: #58a6ff; } .c4 { stroke: #3fb950; }
  }
`;

export function curve(chart: Chart): string {
  const points = chart.lines.flatMap(({ points: own }) => own);
  const xs = [...new Set(points.map(({ x }) => x))].toSorted((a, b) => a - b);
  const ticks = ticksFor(
    points.map(({ y }) => y),
    chart.isLogarithmic ?? false,
  );
  const xOf = scale(Math.min(...xs), Math.max(...xs), PLOT.left, PLOT.right, false);
  const yOf = scale(ticks[0] ?? 0, ticks.at(-1) ?? 1, PLOT.bottom, PLOT.top, chart.isLogarithmic ?? false);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(chart.title)}">
<style>${STYLE}</style>
<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>
<text x="${PLOT.left}" y="24" font-size="15" font-weight="600">${escape(chart.title)}</text>
<text class="soft" x="${PLOT.left}" y="40">${escape(chart.yTitle)}</text>
<text class="soft" x="${PLOT.right}" y="${PLOT.bottom + 36}" text-anchor="end">${escape(chart.xTitle)}</text>
${ticks.map((tick) => gridLine(tick, yOf(tick))).join("\n")}
${xs.map((x) => `<text class="soft" x="${at(xOf(x))}" y="${PLOT.bottom + 18}" text-anchor="middle">${number(x)}</text>`).join("\n")}
${chart.lines.map((line, index) => drawn(line, index, xOf, yOf)).join("\n")}
</svg>
`;
}

type Scale = (value: number) => number;

function scale(from: number, to: number, low: number, high: number, isLogarithmic: boolean): Scale {
  const along = isLogarithmic ? (value: number) => Math.log10(Math.max(value, from)) : (value: number) => value;
  const span = along(to) - along(from);
  return (value) => (span === 0 ? (low + high) / 2 : low + ((along(value) - along(from)) / span) * (high - low));
}

/** From a round number at or below the least to one at or above the greatest. */
export function ticksFor(values: readonly number[], isLogarithmic: boolean): number[] {
  const most = Math.max(...values, 0.001);
  if (isLogarithmic) {
    const low = Math.floor(Math.log10(Math.max(Math.min(...values), 0.01)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(most)));
    return Array.from({ length: high - low + 1 }, (_, index) => Number((10 ** (low + index)).toPrecision(1)));
  }
  const rough = most / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * unit >= rough) ?? 10) * unit;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

function gridLine(tick: number, y: number): string {
  return `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y)}" y2="${at(y)}"/><text class="soft" x="${PLOT.left - 8}" y="${at(y + 4)}" text-anchor="end">${number(tick)}</text>`;
}

function drawn({ name, color, isDashed, points }: Line, index: number, xOf: Scale, yOf: Scale): string {
  const look = `c${color}${isDashed ? " dashed" : ""}`;
  const path = points.map(({ x, y }) => `${at(xOf(x))},${at(yOf(y))}`).join(" ");
  const y = PLOT.top + index * 34;
  const [from, to] = [PLOT.right + 20, PLOT.right + 44];
  const values = points.map((point) => number(point.y)).join(" · ");
  return `<polyline class="${look}" points="${path}"/>
<line class="key ${look}" x1="${from}" x2="${to}" y1="${y}" y2="${y}"/><text x="${to + 8}" y="${y + 4}">${escape(name)}</text><text class="soft" x="${to + 8}" y="${y + 18}">${values}</text>`;
}

const at = (value: number): string => value.toFixed(1);

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
