import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { median } from './measure/median.ts';
import { Station } from './measure/station.ts';
import { floor, forwarder } from './subjects/baselines.ts';
import { before, gateway, gatewayOnBun } from './subjects/gateway.ts';
import { hasNchan, nchan } from './subjects/nchan.ts';
import type { Subject } from './subjects/subject.ts';

const count = 10_000;

/** The memory of an idle socket: how much 10,000 of them add to the resident memory, after a garbage collection. */
export const memory: Bench = {
  name: 'memory',
  run: async ({ isQuick, gatewayOptions }) => {
    const others = isQuick ? [] : [forwarder, ...(hasNchan() ? [nchan('own/%n')] : [])];
    const subjects = [gateway(gatewayOptions), gatewayOnBun, ...before(), floor, ...others];
    const sizes = subjects.map((): number[] => []);
    const rounds = isQuick ? 1 : 3;
    for (let round = 0; round < rounds; round++) {
      for (const [at, subject] of subjects.entries())
        sizes[at]?.push((await bytesPerSocket(subject)).resident);
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
        { what: 'KB per idle socket on Bun', measured: (bytes[1] ?? Number.NaN) / 1_000, max: 8 },
      ],
    };
  },
};

/** What an idle socket takes, in bytes. */
export interface SocketBytes {
  /** Of resident memory. */
  readonly resident: number;
  /** Of that, in use on the heap of V8, and held by it; NaN if the subject does not tell. */
  readonly inUse: number;
}

/** How many bytes an idle socket takes in a process of its own. */
export async function bytesPerSocket(subject: Subject): Promise<SocketBytes> {
  const station = await Station.start(subject);
  try {
    await station.open(100);
    const before = await memoryOf(station);
    await station.open(count);
    const after = await memoryOf(station);
    return {
      resident: (after.resident - before.resident) / count,
      inUse: (after.inUse - before.inUse) / count,
    };
  } finally {
    await station.stop();
  }
}

async function memoryOf({ running }: Station): Promise<SocketBytes> {
  for (let times = 0; times < 3; times++) {
    await running.collect();
    await sleep(200);
  }
  const { rssBytes, heapBytes = Number.NaN } = await running.usage();
  return { resident: rssBytes, inUse: heapBytes };
}
