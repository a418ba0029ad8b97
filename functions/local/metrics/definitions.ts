import { type HookEvent, hookEvents } from '../../wire/hook.ts';
import type { EventLoopDelay } from './event-loop.ts';
import { hookOutcomes } from './hook-counts.ts';
import type { Sources } from './sources.ts';

/** What a metric is read from. */
export interface Readings extends Sources {
  readonly eventLoop: Pick<EventLoopDelay, 'take'>;
  /** In seconds since 1970. */
  readonly startedAt: number;
}

/** One value of a metric. The values of its labels come from fixed sets, never from a client or the app. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric that has a name, and how to read it. */
export interface Definition {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  /** The names of its labels. None if it has one value. */
  readonly labels?: readonly string[];
  read(readings: Readings): number | Promise<number> | readonly Sample[];
}

/** The name of the histogram of the hooks' times. */
export const hookDurationName = 'sockethook_hook_duration_seconds';

/** All metrics but that histogram, in the order of docs/operations.md. */
export const definitions: readonly Definition[] = [
  gauge('sockets_open', 'Open sockets.', ({ sessions }) => sessions.size),
  {
    ...counter('connects_total', 'Connects, by what came of them.', ({ connects }) =>
      [...connects].map(([outcome, value]) => ({ labels: { outcome }, value })),
    ),
    labels: ['outcome'],
  },
  counter('messages_received_total', 'Messages from clients.', ({ sessions }) => sessions.traffic.messagesIn),
  counter('messages_sent_total', 'Messages to clients.', ({ sessions }) => sessions.traffic.messagesOut),
  counter(
    'received_bytes_total',
    'Bytes of the messages from clients.',
    ({ sessions }) => sessions.traffic.bytesIn,
  ),
  counter(
    'sent_bytes_total',
    'Bytes of the messages to clients.',
    ({ sessions }) => sessions.traffic.bytesOut,
  ),
  {
    ...counter('hooks_total', 'Webhooks posted, by the class of the status or why there is none.', postsOf),
    labels: ['event', 'outcome'],
  },
  gauge('backlog_messages', 'Messages that wait for their turn.', ({ queues }) => queues.backlog.messages),
  gauge(
    'backlog_bytes',
    'Bytes that these messages take, and those whose webhooks are in progress.',
    ({ queues }) => queues.backlog.bytes,
  ),
  gauge(
    'retries_waiting',
    'Webhooks that wait to be tried again, and messages behind them.',
    ({ retries }) => retries.size,
  ),
  gauge(
    'retries_waiting_bytes',
    'Bytes that these webhooks take in the store.',
    ({ retries }) => retries.bytes,
  ),
  counter(
    'retries_done_total',
    'Webhooks that waited and are done, whatever came of them.',
    ({ retries }) => retries.done,
  ),
  gauge('dead_letters_kept', 'Dead letters that are kept.', ({ letters }) => letters.size),
  counter('dead_letters_total', 'Webhooks that became dead letters.', ({ letters }) => letters.kept),
  counter('lost_total', 'Webhooks and messages that were lost.', ({ log }) => log.lost),
  counter('log_errors_total', 'Log lines of the level error.', ({ log }) => log.errors),
  gauge('breaker_open', '1 while the circuit breaker is open, otherwise 0.', async ({ breaker }) =>
    (await breaker.state()).openedAt > 0 ? 1 : 0,
  ),
  {
    ...gauge(
      'event_loop_delay_seconds',
      'How late the turns of the event loop came since the last scrape.',
      ({ eventLoop }) =>
        eventLoop.take().map(({ quantile, seconds }) => ({
          labels: { quantile: String(quantile) },
          value: seconds,
        })),
    ),
    labels: ['quantile'],
  },
  counter('process_cpu_seconds_total', 'CPU time of the process.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  }),
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss()),
  gauge(
    'process_heap_used_bytes',
    'Memory that JavaScript objects take, also those that are garbage.',
    () => process.memoryUsage().heapUsed,
  ),
  gauge(
    'process_start_time_seconds',
    'When the process started, in seconds since 1970.',
    ({ startedAt }) => startedAt,
  ),
];

function counter(name: string, help: string, read: Definition['read']): Definition {
  return { kind: 'counter', name: `sockethook_${name}`, help, read };
}

function gauge(name: string, help: string, read: Definition['read']): Definition {
  return { kind: 'gauge', name: `sockethook_${name}`, help, read };
}

/** Every outcome of every kind of hook, also those that there were none of yet: a series that begins at 0 has a rate. */
function postsOf({ hooks }: Readings): readonly Sample[] {
  const ofEvent = (event: HookEvent): readonly Sample[] =>
    hookOutcomes.map((outcome, at) => ({
      labels: { event, outcome },
      value: hooks[event].outcomes[at] ?? 0,
    }));
  return hookEvents.flatMap(ofEvent);
}
