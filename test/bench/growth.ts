import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Effort, Table, Target } from './bench.ts';
import { deliver } from './broadcast.ts';
import { inRounds, type Standing } from './measure/rounds.ts';
import { type Station, withStations } from './measure/station.ts';
import { whole } from './report/markdown.ts';
import { type Line, plot } from './report/plot.ts';
import { standingOf } from './report/standings.ts';
import { text128 } from './shapes.ts';
import { floor, forwarder } from './subjects/baselines.ts';
import { gateway } from './subjects/gateway.ts';
import type { Subject } from './subjects/subject.ts';

const openSockets = { full: [10, 100, 1_000, 10_000], quick: [10, 1_000] } as const;
const reached = { full: [100, 1_000, 5_000, 10_000], quick: [100, 1_000] } as const;
/** How much more a message may cost with 10,000 sockets open than with 10, and still be called flat. */
const flat = 1.25;
/** The same beside what the baseline's own cost grows by, which is that of the machine's caches and its kernel. */
const flatBeside = 1.15;

/** What a message and a delivery cost with more and more open sockets: flat, or what grows is not ours. */
export const growth: Bench = {
  name: 'growth',
  run: async (effort) => {
    const extent = effort.isQuick ? 'quick' : 'full';
    const messages = await costs(
      [gateway(effort.gatewayOptions), forwarder],
      openSockets[extent],
      effort,
      talk,
    );
    const deliveries = await costs(
      [gateway(effort.gatewayOptions), floor],
      reached[extent],
      effort,
      (station) => deliver(station, effort.ms),
    );
    const grown = (line: Line | undefined): number => {
      const points = line?.points ?? [];
      return (points.at(-1)?.y ?? Number.NaN) / (points[0]?.y ?? Number.NaN);
    };
    const growths = (what: string, [own, base]: readonly Line[]): Target[] => [
      { what, measured: grown(own), most: flat },
      { what: `${what}, ÷ that of ${base?.name}`, measured: grown(own) / grown(base), most: flatBeside },
    ];
    return {
      tables: [
        table('Echo, CPU µs per message', messages),
        table('Broadcast, CPU µs per delivery', deliveries),
      ],
      targets: [
        ...growths(`a message with ${name(messages)}`, messages),
        ...growths(`a delivery with ${name(deliveries)}`, deliveries),
      ],
      pictures: {
        'docs/growth.svg': plot([
          { title: 'CPU µs per message', axis: 'open sockets', lines: messages },
          { title: 'CPU µs per delivery of a broadcast', axis: 'sockets reached', lines: deliveries },
        ]),
      },
    };

    /** Ten messages in flight; each goes out on the next of all open sockets. */
    async function talk(station: Station) {
      await station.drive({ text: text128, inFlight: 10, rotates: true });
      await sleep(effort.ms / 5);
      const measured = await station.measure(() => sleep(effort.ms));
      await station.rest();
      return measured;
    }
  },
};

/** The most and the fewest sockets of some lines. */
function name(lines: readonly Line[]): string {
  const [most, fewest] = [lines[0]?.points.at(-1)?.x, lines[0]?.points[0]?.x];
  return `${whole(most ?? 0)} sockets ÷ with ${fewest}`;
}

/** The CPU time of each subject with so many sockets. */
function costs(
  subjects: readonly Subject[],
  sizes: readonly number[],
  { rounds, warmMs, ms }: Effort,
  measure: Parameters<typeof inRounds>[3],
): Promise<Line[]> {
  return withStations(subjects, 'reply', async (stations) => {
    const found: { size: number; standings: readonly Standing[] }[] = [];
    for (const station of stations) {
      await station.open(sizes[0] ?? 0);
      for (let warm = 0; warm < warmMs; warm += ms) await measure(station);
    }
    let open = sizes[0] ?? 0;
    for (const size of sizes) {
      for (const station of stations) await station.open(size - open);
      open = size;
      found.push({ size, standings: await inRounds(stations, subjects[1]?.name ?? '', rounds, measure) });
    }
    return subjects.map(({ name }) => ({
      name,
      points: found.map(({ size, standings }) => ({ x: size, y: standingOf(name, standings).cpuUs })),
    }));
  });
}

function table(title: string, lines: readonly Line[]): Table {
  return {
    title,
    head: ['', ...(lines[0]?.points ?? []).map(({ x }) => x.toLocaleString('en-US'))],
    rows: lines.map(({ name, points }) => [name, ...points.map(({ y }) => y.toFixed(1))]),
  };
}
