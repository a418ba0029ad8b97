import { awsPolicy } from '../../functions/aws/gateway.ts';
import { certificate } from '../lambda/certificate.ts';
import type { Bench, Effort, Table } from './bench.ts';
import { Child } from './measure/child.ts';
import { median } from './measure/median.ts';
import { whole } from './report/markdown.ts';
import { sdkQuiet } from './servers/handler-environment.ts';

/** A way to @connections, where it is, and on how many connections. */
export interface Connecting {
  readonly way: 'signed' | 'SDK';
  readonly origin: string;
  readonly connections: number;
}

/** A broadcast that a worker posts, batch by batch. Without `perSecond`, it has no limit. */
export interface Posting extends Connecting {
  readonly sockets: number;
  readonly perSecond?: number;
}

/** The time and the CPU of the work alone, and the most memory that the process has had. */
export interface Worked {
  readonly ms: number;
  readonly cpuUs: number;
  readonly peakBytes: number;
}

/** The connections of a function of 1,024 MB (functions/aws/settings.ts). */
const connections = 85;
/** Of the wall time: the sockets of its batch, and the deployed rate of all workers. */
const single = { sockets: 1_000, maxPostsPerSecond: 6_000 };

/**
 * A worker of large broadcasts: batches as SQS hands them out, posts over TLS to a server that answers after 10 ms. And
 * the memory of workers and coordinators, which must not grow with the sockets.
 */
export const worker: Bench = {
  name: 'worker',
  run: async (effort) => {
    const { key, cert, rootFile } = certificate();
    const server = new Child({
      file: new URL('./servers/posts.ts', import.meta.url),
      env: { TLS_KEY: key.toString(), TLS_CERT: cert.toString() },
    });
    try {
      const origin = `https://localhost:${await server.ask<number>('port')}`;
      const start = (): Child =>
        new Child({
          file: new URL('./servers/worker.ts', import.meta.url),
          env: { ...sdkQuiet, NODE_EXTRA_CA_CERTS: rootFile },
        });
      const rates = await ratesOf(start, origin, effort);
      const wall = await wallOf(start, origin, effort);
      const memory = await memoryOf(start, origin, effort);
      return {
        rounds: effort.isQuick ? 3 : 5,
        tables: [rates.table, wall.table, memory.table],
        targets: [
          { what: 'signed deliveries per CPU-second', measured: rates.signed, min: 12_000 },
          { what: '1,000 sockets ÷ what the latency allows', measured: wall.ratio, max: 1.1 },
          ...memory.growth.map(([what, measured]) => ({ what, measured, max: 1.5 })),
        ],
      };
    } finally {
      await server.stop();
    }
  },
};

/** Each way has its own process, and they take turns. */
async function ratesOf(start: () => Child, origin: string, { isQuick }: Effort) {
  const ways = { signed: isQuick ? 15_000 : 60_000, SDK: isQuick ? 1_500 : 6_000 } as const;
  const found: Record<keyof typeof ways, number[]> = { signed: [], SDK: [] };
  for (let round = 0; round < (isQuick ? 3 : 5); round++) {
    for (const way of ['signed', 'SDK'] as const) {
      const child = start();
      const posting: Posting = { way, origin, connections, sockets: ways[way] };
      await child.ask('post', posting);
      const { cpuUs } = await child.ask<Worked>('post', posting);
      await child.stop();
      found[way].push((posting.sockets * 1e6) / cpuUs);
    }
  }
  const row = (name: string, rate: number): string[] => [name, whole(rate), (1e6 / rate).toFixed(1)];
  const [signed, sdk] = [median(found.signed), median(found.SDK)];
  const table: Table = {
    title: 'Batches in, posts out over TLS',
    head: ['', 'deliveries per CPU-second', 'CPU µs per delivery'],
    rows: [row('the worker, which signs its posts', signed), row('the same with the SDK client', sdk)],
  };
  return { table, signed };
}

/** One batch of 1,000 sockets, warm: as fast as it can, and at the deployed rate. */
async function wallOf(start: () => Child, origin: string, { isQuick }: Effort) {
  const child = start();
  const how: Connecting = { way: 'signed', origin, connections };
  const alone = median(await child.ask<number[]>('alone', { ...how, times: 200 }));
  const perSecond = single.maxPostsPerSecond;
  const share = perSecond / awsPolicy.broadcastWorkers;
  const measure = async (posting: Posting): Promise<number> => {
    const took: number[] = [];
    for (let round = -5; round < (isQuick ? 10 : 40); round++) {
      const { ms } = await child.ask<Worked>('post', posting);
      if (round >= 0) took.push(ms);
    }
    return median(took);
  };
  const free = await measure({ ...how, sockets: single.sockets });
  const paced = await measure({ ...how, sockets: single.sockets, perSecond });
  await child.stop();
  const allowed = Math.ceil(single.sockets / connections) * alone;
  const atRate = (single.sockets / share) * 1_000 + alone;
  const row = (name: string, ms: number, least: number): string[] => [
    name,
    ...[least, ms].map((each) => each.toFixed(1)),
    (ms / least).toFixed(2),
  ];
  const table: Table = {
    title: `One batch of 1,000 sockets, on ${connections} connections; a post alone takes ${alone.toFixed(1)} ms`,
    head: ['', 'allowed, ms', 'measured, ms', 'ratio'],
    rows: [
      row('without a pace: the latency allows', free, allowed),
      row(`at ${whole(share)} a second`, paced, atRate),
    ],
  };
  return { table, ratio: free / allowed };
}

/** Each in a process of its own, whose start is the first column. */
async function memoryOf(start: () => Child, origin: string, { isQuick }: Effort) {
  const sizes = isQuick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000];
  const peaks: Record<'cut' | 'post', number[]> = { cut: [], post: [] };
  let atRest = 0;
  for (const sockets of sizes) {
    for (const what of ['cut', 'post'] as const) {
      const child = start();
      atRest = await child.ask<number>('peak');
      const { peakBytes } = await child.ask<Worked>(what, { way: 'signed', origin, connections, sockets });
      await child.stop();
      peaks[what].push(peakBytes);
    }
  }
  const row = (name: string, bytes: readonly number[]): string[] => [
    name,
    ...[atRest, ...bytes].map((each) => whole(each / 1e6)),
  ];
  const table: Table = {
    title: 'Most resident memory, MB, by the sockets that pass through one process',
    head: ['', 'at rest', ...sizes.map(whole)],
    rows: [row('coordinator', peaks.cut), row('worker', peaks.post)],
  };
  const grown = (bytes: readonly number[]): number => (bytes.at(-1) ?? Number.NaN) / (bytes[1] ?? Number.NaN);
  const largest = whole(sizes.at(-1) ?? 0);
  const growth = [
    [`memory of a coordinator with ${largest} sockets ÷ with 100,000`, grown(peaks.cut)],
    [`memory of a worker with ${largest} sockets ÷ with 100,000`, grown(peaks.post)],
  ] as const;
  return { table, growth };
}
