import { parseTask } from '../../functions/aws/queue/task-message.ts';
import type { BroadcastProgress } from '../../functions/gateway/broadcasts.ts';
import { functionNeeds } from '../../infra/aws/function-needs.ts';
import { dollarsOf } from './dollars.ts';
import { Region, type Scenario } from './region.ts';

/** What a message of a simulation has. */
const body = 'm'.repeat(128);

/** How a broadcast went. Times are in milliseconds. */
export interface Outcome {
  readonly sockets: number;
  readonly progress: BroadcastProgress;
  /** From the call to the last delivery. */
  readonly lastMs: number;
  /** The shortest time that the rate allows. */
  readonly boundMs: number;
  readonly posts: number;
  readonly throttled: number;
  /** The open sockets that got the message. */
  readonly open: number;
  readonly reached: number;
  /** The messages that a socket got besides its first, and how many of these no crash explains. */
  readonly duplicates: number;
  readonly unexplained: number;
  readonly crashes: number;
  /** The batches that nobody could post. */
  readonly dead: number;
  readonly runs: number;
  readonly gigabyteSeconds: number;
  readonly dollars: number;
  /** The most posts within a second, and within ten. */
  readonly busiest: { readonly second: number; readonly tenSeconds: number };
  /** The longest run and the most memory of coordinators and workers, as a share of what they have. */
  readonly share: { readonly time: number; readonly memory: number };
}

/** Broadcasts a message in a simulated region. */
export async function simulate(scenario: Scenario): Promise<Outcome> {
  const region = new Region(scenario);
  const progress = await region.broadcast(body);
  const { api, crowd, calls, coordinators, workers, queues } = region;
  const functions = [calls, coordinators, workers];
  const gigabyteSeconds = functions.reduce((sum, each) => sum + each.gigabyteSeconds, 0);
  const { maxPostsPerSecond = 6_000 } = scenario;
  return {
    sockets: scenario.sockets,
    progress,
    lastMs: api.lastArrivedAt,
    boundMs: (scenario.sockets / Math.min(maxPostsPerSecond, api.rate)) * 1_000,
    posts: api.posts,
    throttled: api.throttled,
    ...crowd.tally(),
    unexplained: unexplained(region),
    crashes: workers.crashes,
    dead: queues.tasks.dead.length + queues.batches.dead.length,
    runs: functions.reduce((sum, { invocations }) => sum + invocations, 0),
    gigabyteSeconds,
    dollars: dollarsOf(region, gigabyteSeconds),
    busiest: { second: api.busiest(10), tenSeconds: api.busiest(100) },
    share: sharesOf(region),
  };
}

/** How many messages came twice to sockets that were in no batch whose worker was killed. */
function unexplained({ crowd, workers }: Region): number {
  const hit = new Uint8Array(crowd.size);
  for (const { Records } of workers.crashed) {
    for (const { body: text } of Records) {
      const task = parseTask(text);
      if (task.kind === 'batch') for (const { socket } of task.sockets) hit[crowd.indexOf(socket)] = 1;
    }
  }
  return crowd.arrived.reduce(
    (sum, arrived, index) => sum + (hit[index] === 1 ? 0 : Math.max(0, arrived - 1)),
    0,
  );
}

function sharesOf({ coordinators, workers }: Region): Outcome['share'] {
  const { tasks, batches } = functionNeeds;
  return {
    time: Math.max(
      coordinators.longestMs / (tasks.timeout * 1_000),
      workers.longestMs / (batches.timeout * 1_000),
    ),
    memory: Math.max(coordinators.peakMb / tasks.memoryMb, workers.peakMb / batches.memoryMb),
  };
}
