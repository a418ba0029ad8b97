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
import { gateway, gatewayOnBun } from './subjects/gateway.ts';
import type { Subject } from './subjects/subject.ts';

const openSockets = { full: [10, 100, 1_000, 10_000], quick: [10, 1_000] } as const;
const reached = { full: [100, 1_000, 5_000, 10_000], quick: [100, 1_000] } as const;
/** By which factor the cost of a message may grow from 10 to 10,000 open sockets, and that of a delivery. */
const flat = { message: 1.15, delivery: 1.25 };
/** The same, divided by the growth of the baseline, which is due to the machine's caches and its kernel. */
const flatBeside = 1.15;

/** The cost of a message and of a delivery with more and more open sockets, alone and beside a baseline. */
export const growth: Bench = {
  name: 'growth',
  run: async (effort) => {
    const extent = effort.isQuick ? 'quick' : 'full';
    const messages = await growthOf(
      [gateway(effort.gatewayOptions), forwarder, gatewayOnBun],
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
      targets: [
        ...targets('a message', messages, flat.message),
        ...targets('a delivery', deliveries, flat.delivery),
      ],
      pictures: {
        'docs/growth.svg': plot('CPU per message and per delivery, by open sockets', [
          { title: 'CPU µs per message', axis: 'open sockets', lines: messages.lines.slice(0, 2) },
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
  /** By subject, in the order of the lines. */
  readonly growths: readonly {
    /** Its last point divided by its first, and this ratio divided by that of the baseline. */
    readonly grown: number;
    readonly grownBeside: number;
  }[];
}

/**
 * The CPU time of a subject, its baseline and others for each number of sockets. Each has a separate process for each size.
 * All are measured in turn, so that other work on the machine affects all sizes alike.
 */
function growthOf(
  subjects: readonly [own: Subject, base: Subject, ...others: readonly Subject[]],
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
    const growths = subjects.map((subject) => growthOfRounds(costsOf(subject).map(({ us }) => us)));
    const beside = (own: readonly number[]): number =>
      median(own.map((growth, round) => growth / (growths[1]?.[round] ?? Number.NaN)));
    return {
      lines: subjects.map((subject) => ({
        name: subject.name,
        points: costsOf(subject).map(({ size, us }) => ({ x: size, y: median(us) })),
      })),
      growths: growths.map((own) => ({ grown: median(own), grownBeside: beside(own) })),
    };
  });
}

/** How much the last size cost more than the first, in each round. */
function growthOfRounds(costs: readonly (readonly number[])[]): number[] {
  const [first = [], last = []] = [costs[0], costs.at(-1)];
  return last.map((cost, round) => cost / (first[round] ?? Number.NaN));
}

function targets(what: string, { lines, growths }: Growth, max: number): Target[] {
  const [, base] = lines;
  return lines.flatMap((line, at): Target[] => {
    if (line === base) return [];
    const { grown = Number.NaN, grownBeside = Number.NaN } = growths[at] ?? {};
    const [most, fewest] = [line.points.at(-1)?.x ?? 0, line.points[0]?.x];
    const named = `${line.name}: ${what} with ${whole(most)} sockets ÷ with ${fewest}`;
    return [
      { what: named, measured: grown, max },
      { what: `${named}, ÷ that of ${base?.name}`, measured: grownBeside, max: flatBeside },
    ];
  });
}

function table(title: string, lines: readonly Line[]): Table {
  return {
    title,
    head: ['', ...(lines[0]?.points ?? []).map(({ x }) => x.toLocaleString('en-US'))],
    rows: lines.map(({ name, points }) => [name, ...points.map(({ y }) => y.toFixed(1))]),
  };
}
