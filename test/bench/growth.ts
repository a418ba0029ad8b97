import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Effort, Table, Target } from './bench.ts';
import { deliver } from './broadcast.ts';
import { median } from './measure/median.ts';
import { measureInTurn } from './measure/rounds.ts';
import { type Station, withStations } from './measure/station.ts';
import { whole } from './report/markdown.ts';
import { type Line, plot } from './report/plot.ts';
import { text128 } from './shapes.ts';
import { floor, forwarder } from './subjects/baselines.ts';
import { gateway } from './subjects/gateway.ts';
import type { Subject } from './subjects/subject.ts';

const openSockets = { full: [10, 100, 1_000, 10_000], quick: [10, 1_000] } as const;
const reached = { full: [100, 1_000, 5_000, 10_000], quick: [100, 1_000] } as const;
/** By which factor the cost of a message may grow from 10 to 10,000 open sockets and still count as flat. */
const flat = 1.25;
/** The same, divided by the growth of the baseline, which is due to the machine's caches and its kernel. */
const flatBeside = 1.15;

/**
 * The cost of a message and of a delivery with more and more open sockets. It must be flat, or grow no faster than the
 * baseline.
 */
export const growth: Bench = {
  name: 'growth',
  run: async (effort) => {
    const extent = effort.isQuick ? 'quick' : 'full';
    const messages = await growthOf(
      [gateway(effort.gatewayOptions), forwarder],
      openSockets[extent],
      effort,
      talk,
    );
    const deliveries = await growthOf(
      [gateway(effort.gatewayOptions), floor],
      reached[extent],
      effort,
      (station) => deliver(station, effort.ms),
    );
    return {
      tables: [
        table('Echo, CPU µs per message', messages.lines),
        table('Broadcast, CPU µs per delivery', deliveries.lines),
      ],
      targets: [...targets('a message', messages), ...targets('a delivery', deliveries)],
      pictures: {
        'docs/growth.svg': plot('CPU per message and per delivery, by open sockets', [
          { title: 'CPU µs per message', axis: 'open sockets', lines: messages.lines },
          { title: 'CPU µs per delivery of a broadcast', axis: 'sockets reached', lines: deliveries.lines },
        ]),
      },
    };

    /** Keeps ten messages in flight. Each goes out on the next of all open sockets. */
    async function talk(station: Station) {
      await station.drive({ text: text128, inFlight: 10, rotates: true });
      await sleep(effort.ms / 5);
      const measured = await station.measure(() => sleep(effort.ms));
      await station.rest();
      return measured;
    }
  },
};

/** How costs grow with the number of sockets. */
interface Growth {
  readonly lines: readonly Line[];
  /** The subject's last point divided by its first, and this ratio divided by that of the baseline. */
  readonly grown: number;
  readonly grownBeside: number;
}

/**
 * The CPU time of a subject and of its baseline for each number of sockets. Each has a separate process for each size.
 * All are measured in turn, so that other work on the machine affects all sizes alike.
 */
function growthOf(
  subjects: readonly [own: Subject, base: Subject],
  sizes: readonly number[],
  { rounds, warmMs, ms }: Effort,
  measure: Parameters<typeof measureInTurn>[2],
): Promise<Growth> {
  const places = sizes.flatMap((size) => subjects.map((subject) => ({ size, subject })));
  const all = places.map(({ subject }) => subject);
  return withStations(all, 'reply', async (stations) => {
    for (const [at, station] of stations.entries()) {
      await station.open(places[at]?.size ?? 0);
      for (let warm = 0; warm < warmMs; warm += ms) await measure(station);
    }
    const measured = await measureInTurn(stations, rounds, measure);
    const costs = places.map((place, at) => ({
      ...place,
      us: (measured[at] ?? []).map(({ cpuUs }) => cpuUs),
    }));
    const costsOf = (subject: Subject) => costs.filter((cost) => cost.subject === subject);
    const [own, base] = subjects.map((subject) => growths(costsOf(subject).map(({ us }) => us)));
    return {
      lines: subjects.map((subject) => ({
        name: subject.name,
        points: costsOf(subject).map(({ size, us }) => ({ x: size, y: median(us) })),
      })),
      grown: median(own ?? []),
      grownBeside: median((own ?? []).map((growth, round) => growth / (base?.[round] ?? Number.NaN))),
    };
  });
}

/** How much the last size cost more than the first, in each round. */
function growths(costs: readonly (readonly number[])[]): number[] {
  const [first = [], last = []] = [costs[0], costs.at(-1)];
  return last.map((cost, round) => cost / (first[round] ?? Number.NaN));
}

function targets(what: string, { lines: [own, base], grown, grownBeside }: Growth): Target[] {
  const [max, fewest] = [own?.points.at(-1)?.x, own?.points[0]?.x];
  const named = `${what} with ${whole(max ?? 0)} sockets ÷ with ${fewest}`;
  return [
    { what: named, measured: grown, max: flat },
    { what: `${named}, ÷ that of ${base?.name}`, measured: grownBeside, max: flatBeside },
  ];
}

function table(title: string, lines: readonly Line[]): Table {
  return {
    title,
    head: ['', ...(lines[0]?.points ?? []).map(({ x }) => x.toLocaleString('en-US'))],
    rows: lines.map(({ name, points }) => [name, ...points.map(({ y }) => y.toFixed(1))]),
  };
}
