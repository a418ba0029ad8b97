/** A line of a plot: x on a logarithmic axis, y from zero. */
export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** One of the plots that are side by side in a picture. It has at most two lines. */
export interface Plot {
  readonly title: string;
  readonly axis: string;
  readonly lines: readonly Line[];
}

const size = { width: 360, height: 260 };
const inner = { left: 44, right: 24, top: 40, bottom: 60 };
const colours = ['#1f6feb', '#8b949e'] as const;

/** Draws plots as one SVG picture with a title, legible on a light and on a dark background. */
export function plot(title: string, plots: readonly Plot[]): string {
  const width = size.width * plots.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${size.height}" font-family="sans-serif" font-size="11" fill="#57606a">
  <title>${title}</title>`,
    `  <rect width="${width}" height="${size.height}" fill="#ffffff"/>`,
    ...plots.map((one, at) => panel(one, at * size.width)),
    '</svg>',
    '',
  ].join('\n');
}

function panel({ title, axis, lines }: Plot, offset: number): string {
  const all = lines.flatMap(({ points }) => points);
  const xs = [...new Set(all.map(({ x }) => x))].sort((one, other) => one - other);
  const [min = 1, max = 10] = [xs[0], xs.at(-1)];
  const top = ceiling(Math.max(...all.map(({ y }) => y)));
  const wide = size.width - inner.left - inner.right;
  const high = size.height - inner.top - inner.bottom;
  const toX = (x: number): number => inner.left + (wide * Math.log(x / min)) / Math.log(max / min);
  const toY = (y: number): number => inner.top + high * (1 - y / top);
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => part * top);
  return [
    `  <g transform="translate(${offset} 0)">`,
    text(inner.left, 20, title, 'start', ' font-size="13" fill="#24292f"'),
    ...marks.flatMap((mark) => [
      `    <path d="M${inner.left} ${at(toY(mark))}h${wide}" stroke="#d0d7de"/>`,
      text(inner.left - 6, toY(mark) + 4, String(Number(mark.toFixed(1))), 'end'),
    ]),
    ...xs.map((x) => text(toX(x), size.height - inner.bottom + 16, x.toLocaleString('en-US'), 'middle')),
    text(inner.left + wide / 2, size.height - inner.bottom + 32, axis, 'middle'),
    ...lines.flatMap(({ name, points }, index) => {
      const colour = colours[index % colours.length];
      const path = points.map(({ x, y }) => `${at(toX(x))} ${at(toY(y))}`).join('L');
      const left = inner.left + index * 110;
      return [
        `    <path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...points.map(
          ({ x, y }) => `    <circle cx="${at(toX(x))}" cy="${at(toY(y))}" r="3" fill="${colour}"/>`,
        ),
        `    <path d="M${left} ${size.height - 12}h16" stroke="${colour}" stroke-width="2"/>`,
        text(left + 22, size.height - 8, name, 'start'),
      ];
    }),
    '  </g>',
  ].join('\n');
}

function text(x: number, y: number, content: string, anchor: string, more = ''): string {
  return `    <text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}"${more}>${content}</text>`;
}

function at(place: number): string {
  return String(Math.round(place * 10) / 10);
}

/** The next round number: 1, 2, 4, 6, 8 or 10 times a power of ten. */
function ceiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}
