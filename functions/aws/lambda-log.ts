import type { Writable } from 'node:stream';
import { loggerOf } from '../gateway/log.ts';
import type { Clock, Log } from '../gateway/ports.ts';

/** The metric of each event that CloudWatch counts for the operator. */
const metrics: ReadonlyMap<string, string> = new Map([
  ['hook_lost', 'HooksLost'],
  ['hook_refused', 'HooksRefused'],
  ['answer_invalid', 'HooksRefused'],
  ['hook_retried', 'HooksRetried'],
  ['hook_held', 'HooksHeld'],
  ['hook_postponed', 'HooksPostponed'],
  ['hook_dead', 'DeadLetters'],
  ['breaker_opened', 'BreakerOpened'],
  ['handshake_failed', 'HandshakesFailed'],
  ['action_failed', 'ActionsFailed'],
  ['flush_failed', 'ActionsFailed'],
  ['fault', 'Faults'],
  ['delivery_fault', 'Faults'],
  ['broadcast_unfinished', 'Faults'],
  // Not a fault: the next sweeps do what one sweep has no time for.
  ['sweep_unfinished', 'SweepsUnfinished'],
  ['probes_left_out', 'SweepsUnfinished'],
]);

/** A field of an event whose value is a metric too, in seconds. */
const ages: ReadonlyMap<string, { readonly field: string; readonly metric: string }> = new Map([
  ['hook_retried', { field: 'age', metric: 'RetryAge' }],
  ['hook_held', { field: 'age', metric: 'RetryAge' }],
]);

/**
 * A log of one JSON object per line, by default on standard output, which CloudWatch Logs keeps. CloudWatch also counts
 * each line whose event has a metric, in the namespace `Sockethook` with the gateway's name as dimension `Gateway`.
 */
export function lambdaLog(name: string, clock: Pick<Clock, 'now'>, to: Writable = process.stdout): Log {
  return loggerOf((level, event, fields) => {
    const metric = metrics.get(event);
    const age = ages.get(event);
    const aged =
      age !== undefined && typeof fields[age.field] === 'number' ? { [age.metric]: fields[age.field] } : {};
    const counted = metric === undefined ? {} : measured(metric, aged, name, clock.now());
    to.write(`${JSON.stringify({ level, event, ...fields, ...counted })}\n`);
  });
}

/** CloudWatch's embedded metric format: the metrics and their dimensions are members of the line itself. */
function measured(counted: string, ages: Readonly<Record<string, unknown>>, name: string, now: number) {
  const directive = {
    Namespace: 'Sockethook',
    Dimensions: [['Gateway']],
    Metrics: [
      { Name: counted, Unit: 'Count' },
      ...Object.keys(ages).map((Name) => ({ Name, Unit: 'Seconds' })),
    ],
  };
  return { _aws: { Timestamp: now, CloudWatchMetrics: [directive] }, Gateway: name, [counted]: 1, ...ages };
}
