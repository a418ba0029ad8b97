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
  /** After how many posts the worker collects its garbage, if at all, to see what it holds. */
  readonly collectsEvery?: number;
}

/** A broadcast that a coordinator cuts into batches: where DynamoDB and SQS are. */
export interface Cutting {
  readonly endpoint: string;
  /** Whether the coordinator collects its garbage before each call of SQS, to see what it holds. */
  readonly collects: boolean;
}

/** The time and the CPU of the work alone. */
export interface Worked {
  readonly ms: number;
  readonly cpuUs: number;
}

/** The most that a process has had: in use on its heap, and resident. */
export interface Held {
  readonly heapBytes: number;
  readonly residentBytes: number;
}

/** The connections of a function of 1,024 MB (functions/aws/settings.ts). */
const connections = 85;
/** Of the wall time: the sockets of its batch, and the deployed rate of all workers. */
const single = { sockets: 1_000, maxPostsPerSecond: 6_000 };

const programs = {
  worker: new URL('./servers/worker.ts', import.meta.url),
  coordinator: new URL('./servers/coordinator.ts', import.meta.url),
  tables: new URL('./servers/tables.ts', import.meta.url),
} as const;

/** The processes that are measured, and the server that workers post to. */
interface Measured {
  readonly server: Child;
  readonly origin: string;
  start(program: keyof typeof programs): Child;
}

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
      const start: Measured['start'] = (program) =>
        new Child({
          file: programs[program],
          env: { ...sdkQuiet, NODE_EXTRA_CA_CERTS: rootFile },
        });
      const measured = { server, origin, start };
      const rates = await ratesOf(measured, effort);
      const wall = await wallOf(measured, effort);
      const memory = await memoryOf(measured, effort);
      return {
        rounds: effort.isQuick ? 3 : 5,
        tables: [rates.table, wall.table, memory.table],
        targets: [
          { what: 'signed deliveries per CPU-second', measured: rates.signed, min: 12_000 },
          { what: '1,000 sockets ÷ what the latency allows', measured: wall.ratio, max: 1.1 },
          ...memory.growth.map(([what, growth]) => ({ what, measured: growth, max: 1.1 })),
        ],
      };
    } finally {
      await server.stop();
    }
  },
};

/** Each way has its own process, and they take turns. */
async function ratesOf({ start, origin }: Measured, { isQuick }: Effort) {
  const ways = { signed: isQuick ? 15_000 : 60_000, SDK: isQuick ? 1_500 : 6_000 } as const;
  const found: Record<keyof typeof ways, number[]> = { signed: [], SDK: [] };
  for (let round = 0; round < (isQuick ? 3 : 5); round++) {
    for (const way of ['signed', 'SDK'] as const) {
      const child = start('worker');
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

/**
 * One batch of 1,000 sockets, warm: as fast as it can, and at the deployed rate. The latency is the server's own, as it
 * was in that round: from when it had read a post to when it had written its answer.
 */
async function wallOf({ start, server, origin }: Measured, { isQuick }: Effort) {
  const child = start('worker');
  const posting: Posting = { way: 'signed', origin, connections, sockets: single.sockets };
  const perSecond = single.maxPostsPerSecond;
  const share = perSecond / awsPolicy.broadcastWorkers;
  const measure = async (name: string, given: Posting, allowedIn: (latency: number) => number) => {
    const rounds: { readonly ms: number; readonly allowed: number }[] = [];
    for (let round = -10; round < (isQuick ? 15 : 60); round++) {
      await server.ask('latency');
      const { ms } = await child.ask<Worked>('post', given);
      if (round >= 0) rounds.push({ ms, allowed: allowedIn(await server.ask<number>('latency')) });
    }
    const ratio = median(rounds.map(({ ms, allowed }) => ms / allowed));
    const [allowed, ms] = [median(rounds.map((each) => each.allowed)), median(rounds.map((each) => each.ms))];
    return { ratio, cells: [name, allowed.toFixed(1), ms.toFixed(1), ratio.toFixed(2)] };
  };
  const times = Math.ceil(single.sockets / connections);
  const free = await measure('without a pace: the latency allows', posting, (latency) => times * latency);
  const paced = await measure(
    `at ${whole(share)} a second`,
    { ...posting, perSecond },
    (latency) => (single.sockets / share) * 1_000 + latency,
  );
  await child.stop();
  const table: Table = {
    title: `One batch of 1,000 sockets: ${times} posts, one after another, on each of ${connections} connections`,
    head: ['', 'allowed, ms', 'measured, ms', 'ratio'],
    rows: [free.cells, paced.cells],
  };
  return { table, ratio: free.ratio };
}

/** With this many sockets, all that a coordinator or a worker holds is filled. */
const filledAt = 100_000;

/**
 * Each in a process of its own, and each twice: once as it is deployed, and once with garbage collections in between
 * that show what it holds.
 */
async function memoryOf(measured: Measured, { isQuick }: Effort) {
  const sizes = [10_000, filledAt, isQuick ? 200_000 : 1_000_000];
  const largest = sizes.at(-1) ?? 0;
  // How long a post takes does not matter here, and the bench is over sooner.
  await measured.server.ask('setLatency', 0);
  const rows: string[][] = [];
  const growth: (readonly [string, number])[] = [];
  for (const [name, heldWith] of [
    ['coordinator', coordinatorWith],
    ['worker', workerWith],
  ] as const) {
    const heaps: number[] = [];
    const resident: number[] = [];
    for (const sockets of sizes) {
      heaps.push((await heldWith(measured, sockets, true)).heapBytes);
      resident.push((await heldWith(measured, sockets, false)).residentBytes);
    }
    const row = (what: string, bytes: readonly number[]): string[] => [
      `${name}, ${what}`,
      ...bytes.map((each) => (each / 1e6).toFixed(1)),
    ];
    rows.push(row('in use', heaps), row('resident', resident));
    const grown = (heaps.at(-1) ?? Number.NaN) / (heaps[sizes.indexOf(filledAt)] ?? Number.NaN);
    growth.push([`a ${name} in use with ${whole(largest)} sockets ÷ with ${whole(filledAt)}`, grown]);
  }
  const table: Table = {
    title: 'Most memory, MB, by the sockets that pass through one process',
    head: ['', ...sizes.map(whole)],
    rows,
  };
  return { table, growth };
}

async function coordinatorWith({ start }: Measured, sockets: number, collects: boolean): Promise<Held> {
  const [tables, child] = [start('tables'), start('coordinator')];
  try {
    const endpoint = await tables.ask<string>('open', sockets);
    const cutting: Cutting = { endpoint, collects };
    const held = await child.ask<Held>('cut', cutting);
    const queued = await tables.ask<number>('queued');
    if (queued !== sockets) throw new Error(`Of ${sockets} sockets, ${queued} were queued.`);
    return held;
  } finally {
    await Promise.all([tables.stop(), child.stop()]);
  }
}

async function workerWith({ start, origin }: Measured, sockets: number, collects: boolean): Promise<Held> {
  const child = start('worker');
  try {
    const posting: Posting = { way: 'signed', origin, connections, sockets };
    return await child.ask<Held>('post', collects ? { ...posting, collectsEvery: 2_500 } : posting);
  } finally {
    await child.stop();
  }
}
