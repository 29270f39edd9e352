/** Just enough SVG for bars and lines. Pure: values in, text out; every text is escaped. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** At the end of the bar. */
  readonly note: string;
  readonly good: boolean;
}

export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  readonly height: number;
  readonly svg: string;
}

const WIDTH = 860;
const LEFT = 410;
const RIGHT = 130;
const ROW = 22;
const HEADING = 34;
const PLOT = 180;
const AXIS = 30;
const LINE_LEFT = 70;
const COLOURS = ['#1f6f8b', '#c05a1c', '#5b7f2b', '#7a4b8c'];

/** Bars on a logarithmic scale, with a line where the value is 1. */
export function bars(title: string, all: readonly Bar[]): Panel {
  const widest = Math.max(2, ...all.map(({ value }) => value));
  const least = Math.min(0.5, ...all.map(({ value }) => value));
  const x = (value: number) => scale(Math.log(value), [Math.log(least), Math.log(widest)], [LEFT, WIDTH - RIGHT]);
  const height = HEADING + all.length * ROW + 10;
  const drawn = all.map(({ label, value, note, good }, at) => {
    const y = HEADING + at * ROW;
    const width = Math.max(1, x(value) - LEFT);
    return [
      text({ x: LEFT - 8, y: y + 13, anchor: 'end' }, label),
      `<rect x="${LEFT}" y="${y + 2}" width="${round(width)}" height="${ROW - 7}" fill="${good ? '#2f7d4f' : '#b5473c'}"/>`,
      text({ x: LEFT + width + 6, y: y + 13 }, note),
    ].join('');
  });
  const mark = `<path d="M${round(x(1))} ${HEADING - 4}V${height - 8}" stroke="#444" stroke-dasharray="3 3"/>`;
  return { height, svg: heading(title) + drawn.join('') + mark };
}

export interface Axes {
  readonly x: string;
  readonly y: string;
  /** The horizontal axis shows powers of ten; 0 is drawn where 1 would be. */
  readonly logarithmic?: boolean;
}

export function lines(title: string, all: readonly Line[], axes: Axes): Panel {
  const at = (value: number) => (axes.logarithmic === true ? Math.log10(Math.max(1, value)) : value);
  const xs = all.flatMap(({ points }) => points.map(([x]) => at(x)));
  const top = Math.max(...all.flatMap(({ points }) => points.map(([, y]) => y)), 1e-9);
  const x = (value: number) => scale(at(value), [Math.min(...xs), Math.max(...xs)], [LINE_LEFT, WIDTH - RIGHT]);
  const y = (value: number) => scale(value, [0, top], [HEADING + PLOT, HEADING]);
  const drawn = all.map(({ label, points }, index) => {
    const path = points.map(([px, py]) => `${round(x(px))},${round(y(py))}`).join(' ');
    const last = points.at(-1) ?? [0, 0];
    const name = text({ x: WIDTH - RIGHT + 6, y: y(last[1]) + 4 }, label);
    return `<polyline points="${path}" fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="2"/>${name}`;
  });
  const frame = `<path d="M${LINE_LEFT} ${HEADING}V${HEADING + PLOT}H${WIDTH - RIGHT}" fill="none" stroke="#444"/>`;
  const ticks = [...new Set(all.flatMap(({ points }) => points.map(([px]) => px)))];
  const shown = ticks.length <= 8 ? ticks : [ticks[0], ticks.at(-1)].filter((tick) => tick !== undefined);
  const labels = [
    ...shown.map((tick) => text({ x: x(tick), y: HEADING + PLOT + 15, anchor: 'middle' }, tick.toLocaleString('en'))),
    text({ x: LINE_LEFT - 6, y: HEADING + 5, anchor: 'end' }, short(top)),
    text({ x: LINE_LEFT - 6, y: HEADING + PLOT, anchor: 'end' }, '0'),
    text(
      { x: (LINE_LEFT + WIDTH - RIGHT) / 2, y: HEADING + PLOT + AXIS, anchor: 'middle' },
      `${axes.x}; upright ${axes.y}`,
    ),
  ];
  return { height: HEADING + PLOT + AXIS + 14, svg: heading(title) + frame + drawn.join('') + labels.join('') };
}

/** Panels, one below another. */
export function svg(panels: readonly Panel[]): string {
  let top = 10;
  const placed = panels.map((panel) => {
    const group = `<g transform="translate(0 ${top})">${panel.svg}</g>`;
    top += panel.height + 16;
    return group;
  });
  const style = 'font-family="sans-serif" font-size="12" fill="#222"';
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" ${style}>`;
  return `${open}\n<rect width="100%" height="100%" fill="#fff"/>\n${placed.join('\n')}\n</svg>\n`;
}

/** Where a value of one range lies in another; a range of no width is its middle. */
export function scale(
  value: number,
  [from, to]: readonly [number, number],
  [low, high]: readonly [number, number],
): number {
  return to === from ? (low + high) / 2 : low + ((value - from) / (to - from)) * (high - low);
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly anchor?: 'end' | 'middle';
}

function text({ x, y, anchor }: Place, content: string): string {
  const align = anchor === undefined ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${round(x)}" y="${round(y)}"${align}>${escaped(content)}</text>`;
}

function heading(content: string): string {
  return `<text x="10" y="16" font-size="14" font-weight="bold">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function short(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en');
}
