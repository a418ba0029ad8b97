import type { DeliveriesTask } from '../../functions/gateway/tasks.ts';
import { functionNeeds } from '../../infra/aws/function-needs.ts';
import { aPath, newSocket } from '../fakes/a-record.ts';
import type { LimitedFunction } from '../lambda/limited-function.ts';
import type { Ran } from '../lambda/runtime.ts';
import { LambdaWorld } from '../lambda/world.ts';
import type { Bench, Table, Target } from './bench.ts';
import { median } from './measure/median.ts';
import { whole } from './report/markdown.ts';

/** A job to measure. */
interface Job {
  readonly what: string;
  readonly functionName: 'send' | 'broadcast' | 'tasks' | 'default';
  readonly sockets: number;
  run(world: LambdaWorld, handler: LimitedFunction): Promise<Ran | readonly Ran[]>;
}

function tasks(count: number): DeliveriesTask[] {
  return Array.from({ length: count }, (_, at) => ({
    ...({ kind: 'deliveries', socket: newSocket(), hook: `message_${at}`, send: [], close: false } as const),
    broadcast: [{ body: 'm'.repeat(128), except: [], path: aPath('/') }],
  }));
}

const body = 'm'.repeat(128);
const messageAndReply = 'a message and its reply';
const jobs: readonly Job[] = [
  ...[1, 1_000].map(
    (sockets): Job => ({
      ...{ what: `send to ${sockets}`, functionName: 'send', sockets },
      run: (world, handler) => world.post(handler, '/send', { body, sockets: world.sockets }),
    }),
  ),
  ...[1_000, 10_000].map(
    (sockets): Job => ({
      ...{ what: `broadcast to ${whole(sockets)}`, functionName: 'broadcast', sockets },
      run: (world, handler) => world.post(handler, '/broadcast', { body }),
    }),
  ),
  ...[10, 1_000].map(
    (sockets): Job => ({
      ...{ what: `ten queued broadcasts to ${whole(sockets)}`, functionName: 'tasks', sockets },
      run: (world, handler) => {
        world.queue.put(...tasks(10));
        return world.workOff(handler);
      },
    }),
  ),
  {
    ...{ what: messageAndReply, functionName: 'default', sockets: 1 },
    run: (world, handler) => world.message(handler, world.sockets[0] ?? newSocket()),
  },
];

/** How long functions take with the CPU that Lambda gives them, by memory size, and how much CPU they use. */
export const lambda: Bench = {
  name: 'lambda',
  run: async ({ isQuick }) => {
    const world = await LambdaWorld.start();
    const rounds = isQuick ? 1 : 3;
    const tables: Table[] = [];
    const targets: Target[] = [];
    for (const memoryMb of isQuick ? [512] : [256, 512, 1_024, 1_769]) {
      const rows: string[][] = [];
      for (const job of jobs) {
        const { cells, cold, warm } = await measure(world, job, memoryMb, rounds);
        rows.push(cells);
        if (memoryMb === functionNeeds[job.functionName].memoryMb)
          targets.push(...targetsOf(job, cold, warm));
      }
      tables.push({
        title: `${memoryMb} MB`,
        head: ['', 'cold, ms', 'warm, ms', 'warm CPU, ms', 'peak MB'],
        rows,
      });
    }
    if (!isQuick) {
      for (const job of stuckJobs) targets.push(await besideStuck(world, job, rounds));
    }
    await world.stop();
    return { rounds, tables, targets };
  },
};

/** What the stand-ins take of a message and its reply, in milliseconds: a read of DynamoDB, the hook, a post. */
const standInsMs = 41;

function targetsOf({ what }: Job, cold: number, warm: number): Target[] {
  if (what === 'send to 1000' || what === 'ten queued broadcasts to 10')
    return [{ what: `${what}, cold, ms`, measured: cold, max: 5_000 }];
  if (what === messageAndReply)
    return [{ what: `${what}, warm, ms beyond its stand-ins`, measured: warm - standInsMs, max: 14 }];
  return [];
}

/** One socket in a hundred answers 429 for ever. */
const stuckJobs = jobs.filter(({ what }) => what === 'send to 1000' || what === 'broadcast to 1,000');

/**
 * How long it takes until all sockets that are not stuck have their message, divided by how long it takes where none is
 * stuck. Warm, at the default memory; which of both comes first changes from round to round.
 */
async function besideStuck(world: LambdaWorld, job: Job, rounds: number): Promise<Target> {
  const reached: Record<'all' | 'stuck', number[]> = { all: [], stuck: [] };
  for (let round = 0; round < rounds * 2; round++) {
    const order = round % 2 === 0 ? (['all', 'stuck'] as const) : (['stuck', 'all'] as const);
    for (const which of order) {
      world.crowd(job.sockets);
      const handler = await world.cold(job.functionName);
      await job.run(world, handler);
      const stuck = new Set(which === 'stuck' ? world.sockets.filter((_, at) => at % 100 === 3) : []);
      world.posts.isThrottled = (socket) => stuck.has(socket);
      const begun = performance.now();
      await job.run(world, handler);
      reached[which].push(world.posts.lastArrivedAt - begun);
      world.posts.isThrottled = () => false;
      await world.end();
    }
  }
  const measured = median(reached.stuck) / median(reached.all);
  return { what: `${job.what}, time until all are reached with 1 % stuck ÷ without`, measured, max: 1.1 };
}

/** A row of a table, and the medians of its cold and warm times in milliseconds. */
interface Measured {
  readonly cells: string[];
  readonly cold: number;
  readonly warm: number;
}

async function measure(world: LambdaWorld, job: Job, memoryMb: number, rounds: number): Promise<Measured> {
  const measured: Record<'cold' | 'warm' | 'cpu' | 'peak', number[]> = {
    cold: [],
    warm: [],
    cpu: [],
    peak: [],
  };
  for (let round = 0; round < rounds; round++) {
    world.crowd(job.sockets);
    const handler = await world.cold(job.functionName, memoryMb);
    for (let time = 0; time < 4; time++) {
      const ran = [await job.run(world, handler)].flat();
      const ms = ran.reduce((sum, one) => sum + one.ms, 0);
      if (time === 0) measured.cold.push(ms);
      else measured.warm.push(ms);
      if (time > 0) measured.cpu.push(ran.reduce((sum, one) => sum + one.cpuMs, 0));
      measured.peak.push(Math.max(...ran.map(({ peakMb }) => peakMb)));
    }
    await world.end();
  }
  const { cold, warm, cpu, peak } = measured;
  const cells = [job.what, ...[median(cold), median(warm), median(cpu), Math.max(...peak)].map(whole)];
  return { cells, cold: median(cold), warm: median(warm) };
}
