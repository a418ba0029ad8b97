import type { DeliveriesTask } from '../../functions/gateway/ports.ts';
import { aPath, newSocket } from '../fakes/a-record.ts';
import type { LimitedFunction } from '../lambda/limited-function.ts';
import type { Ran } from '../lambda/runtime.ts';
import { LambdaWorld } from '../lambda/world.ts';
import type { Bench, Table } from './bench.ts';
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
    ...{ what: 'a message and its reply', functionName: 'default', sockets: 1 },
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
    for (const memoryMb of isQuick ? [512] : [256, 512, 1_024, 1_769]) {
      const rows: string[][] = [];
      for (const job of jobs) rows.push(await measure(world, job, memoryMb, rounds));
      tables.push({
        title: `${memoryMb} MB`,
        head: ['', 'cold, ms', 'warm, ms', 'warm CPU, ms', 'peak MB'],
        rows,
      });
    }
    await world.stop();
    return { rounds, tables, targets: [] };
  },
};

async function measure(world: LambdaWorld, job: Job, memoryMb: number, rounds: number): Promise<string[]> {
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
  return [job.what, ...[median(cold), median(warm), median(cpu), Math.max(...peak)].map(whole)];
}
