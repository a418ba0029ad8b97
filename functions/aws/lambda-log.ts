import type { Writable } from 'node:stream';
import { bounded, Warned } from '../gateway/log-bounds.ts';
import type { Clock, Log, LogFields } from '../gateway/ports.ts';

/** The metric of each event that an operator wants counted. */
const metrics: ReadonlyMap<string, string> = new Map([
  ['hook_lost', 'HooksLost'],
  ['hook_refused', 'HooksRefused'],
  ['answer_invalid', 'HooksRefused'],
  ['hook_retried', 'HooksRetried'],
  ['hook_postponed', 'HooksPostponed'],
  ['handshake_failed', 'HandshakesFailed'],
  ['action_failed', 'ActionsFailed'],
  ['flush_failed', 'ActionsFailed'],
  ['fault', 'Faults'],
  ['delivery_fault', 'Faults'],
  ['broadcast_unfinished', 'Faults'],
  // No fault: what one sweep does not come to, the next ones do.
  ['sweep_unfinished', 'SweepsUnfinished'],
  ['probes_left_out', 'SweepsUnfinished'],
]);

/**
 * A log of one JSON object a line, on standard output unless told, which CloudWatch Logs keeps. A line whose event has
 * a metric is also counted by CloudWatch, in the namespace `Sockethook` by the dimension `Gateway`: the gateway's name.
 */
export function lambdaLog(name: string, clock: Pick<Clock, 'now'>, to: Writable = process.stdout): Log {
  const warned = new Warned();
  const write = (level: string, event: string, fields: LogFields): void => {
    const metric = metrics.get(event);
    const counted = metric === undefined ? {} : count(metric, name, clock.now());
    to.write(`${JSON.stringify({ level, event, ...bounded(fields), ...counted })}\n`);
  };
  return {
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    warnOnce: (event, fields, of) => {
      if (warned.isFirst(event, of)) write('warn', event, fields);
    },
    error: (event, fields) => write('error', event, fields),
  };
}

/** CloudWatch's embedded metric format: the metric and its dimensions are members of the line itself. */
function count(metric: string, name: string, now: number) {
  const directive = {
    Namespace: 'Sockethook',
    Dimensions: [['Gateway']],
    Metrics: [{ Name: metric, Unit: 'Count' }],
  };
  return { _aws: { Timestamp: now, CloudWatchMetrics: [directive] }, Gateway: name, [metric]: 1 };
}
