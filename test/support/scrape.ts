import type { LocalWorld } from './local.ts';

/** The metrics of a gateway at one moment. */
export class Scrape {
  readonly text: string;
  /** The type of each metric. */
  readonly types: ReadonlyMap<string, string>;
  /** By the name and the labels, as they are written. */
  readonly #values: ReadonlyMap<string, number>;

  constructor(text: string) {
    this.text = text;
    const lines = text.split('\n');
    this.types = new Map(lines.flatMap(metricOf));
    this.#values = new Map(lines.flatMap(seriesOf));
  }

  static async of({ api }: Pick<LocalWorld, 'api'>): Promise<Scrape> {
    const response = await fetch(`${api.url}/metrics`, { headers: { Authorization: `Bearer ${api.key}` } });
    if (response.status !== 200) throw new Error(`/metrics answered ${response.status}.`);
    return new Scrape(await response.text());
  }

  /** The value of a series: `sockets_open`, `hooks_total{event="message",outcome="2xx"}`. */
  value(series: string): number {
    const value = this.#values.get(`sockethook_${series}`);
    if (value === undefined) throw new Error(`There is no ${series}:\n${this.text}`);
    return value;
  }

  /** The names of all labels. */
  get labels(): string[] {
    const names = [...this.#values.keys()].flatMap((series) =>
      [...series.matchAll(/(\w+)="/g)].map(([, name = '']) => name),
    );
    return [...new Set(names)].sort();
  }
}

function metricOf(line: string): [string, string][] {
  const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
  return name === undefined || type === undefined ? [] : [[name, type]];
}

function seriesOf(line: string): [string, number][] {
  const [, series, value] = /^(\w+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
  return series === undefined ? [] : [[series, Number(value)]];
}
