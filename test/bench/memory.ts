import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { median } from './measure/median.ts';
import { Station } from './measure/station.ts';
import { floor, forwarder } from './subjects/baselines.ts';
import { before, gateway } from './subjects/gateway.ts';
import { hasNchan, nchan } from './subjects/nchan.ts';
import type { Subject } from './subjects/subject.ts';

const count = 10_000;

/** The memory of an idle socket: how much 10,000 of them add to the resident memory, after a garbage collection. */
export const memory: Bench = {
  name: 'memory',
  run: async ({ isQuick, gatewayOptions }) => {
    const others = isQuick ? [] : [forwarder, ...(hasNchan() ? [nchan('own/%n')] : [])];
    const subjects = [gateway(gatewayOptions), ...before(), floor, ...others];
    const sizes = subjects.map((): number[] => []);
    const rounds = isQuick ? 1 : 3;
    for (let round = 0; round < rounds; round++) {
      for (const [at, subject] of subjects.entries()) sizes[at]?.push(await bytesPerSocket(subject));
    }
    const bytes = sizes.map(median);
    const base = bytes[subjects.indexOf(floor)] ?? Number.NaN;
    return {
      rounds,
      tables: [
        {
          title: `${count} idle sockets`,
          head: ['', 'KB per socket', '÷ bare ws'],
          rows: subjects.map(({ name }, at) => {
            const own = bytes[at] ?? Number.NaN;
            return [name, (own / 1_000).toFixed(1), (own / base).toFixed(2)];
          }),
        },
      ],
      targets: [
        { what: 'memory per socket ÷ bare ws', measured: (bytes[0] ?? Number.NaN) / base, max: 1.5 },
        { what: 'KB per idle socket', measured: (bytes[0] ?? Number.NaN) / 1_000, max: 8 },
      ],
    };
  },
};

/** How many bytes an idle socket takes in a process of its own. */
export async function bytesPerSocket(subject: Subject): Promise<number> {
  const station = await Station.start(subject);
  try {
    await station.open(100);
    const before = await resident(station);
    await station.open(count);
    return ((await resident(station)) - before) / count;
  } finally {
    await station.stop();
  }
}

async function resident({ running }: Station): Promise<number> {
  for (let times = 0; times < 3; times++) {
    await running.collect();
    await sleep(200);
  }
  return (await running.usage()).rssBytes;
}
