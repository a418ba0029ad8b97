import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { lambdaLog } from '../../functions/aws/lambda-log.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

function start() {
  const stream = new PassThrough();
  const clock = new ManualClock(1_764_000_000_000);
  const lines = (): unknown[] => {
    const text = String(stream.read() ?? '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  };
  return { log: lambdaLog('chat', clock, stream), lines };
}

/** The metrics that an operator can watch, each by the event that it counts. */
const metrics = [
  ['hook_lost', 'HooksLost'],
  ['hook_refused', 'HooksRefused'],
  ['answer_invalid', 'HooksRefused'],
  ['hook_retried', 'HooksRetried'],
  ['hook_postponed', 'HooksPostponed'],
  ['hook_dead', 'DeadLetters'],
  ['handshake_failed', 'HandshakesFailed'],
  ['action_failed', 'ActionsFailed'],
  ['flush_failed', 'ActionsFailed'],
  ['fault', 'Faults'],
  ['delivery_fault', 'Faults'],
  ['broadcast_unfinished', 'Faults'],
  ['sweep_unfinished', 'SweepsUnfinished'],
  ['probes_left_out', 'SweepsUnfinished'],
] as const;

describe('a line of the log', () => {
  test.for(metrics)('of %s is counted by CloudWatch as %s of its gateway', ([event, metric]) => {
    const { log, lines } = start();
    log.error(event, { request: 'message_1', why: 'x' });
    // Embedded metric format: the metric and the dimension are members of the root, named by the directive.
    expect(lines()).toEqual([
      {
        level: 'error',
        event,
        request: 'message_1',
        why: 'x',
        _aws: {
          Timestamp: 1_764_000_000_000,
          CloudWatchMetrics: [
            {
              Namespace: 'Sockethook',
              Dimensions: [['Gateway']],
              Metrics: [{ Name: metric, Unit: 'Count' }],
            },
          ],
        },
        Gateway: 'chat',
        [metric]: 1,
      },
    ]);
  });

  test('of a hook that is tried again says how old it is, so that the oldest can ring', () => {
    const { log, lines } = start();
    log.warn('hook_retried', { request: 'message_1', age: 901 });
    const [line] = lines() as { readonly _aws: { readonly CloudWatchMetrics: unknown[] } }[];
    expect(line).toMatchObject({ HooksRetried: 1, RetryAge: 901, Gateway: 'chat' });
    expect(line?._aws.CloudWatchMetrics).toEqual([
      {
        Namespace: 'Sockethook',
        Dimensions: [['Gateway']],
        Metrics: [
          { Name: 'HooksRetried', Unit: 'Count' },
          { Name: 'RetryAge', Unit: 'Seconds' },
        ],
      },
    ]);
  });

  test('of another event is only logged', () => {
    const { log, lines } = start();
    log.info('swept', { ended: 2 });
    expect(lines()).toEqual([{ level: 'info', event: 'swept', ended: 2 }]);
  });

  test('is one line, whatever it says', () => {
    const { log, lines } = start();
    log.warn('closed_unwanted', { why: 'two\nlines' });
    expect(lines()).toEqual([{ level: 'warn', event: 'closed_unwanted', why: 'two\nlines' }]);
  });

  test('that warns once is written once', () => {
    const { log, lines } = start();
    log.warnOnce('closed_unwanted', {});
    log.warnOnce('closed_unwanted', {});
    expect(lines()).toHaveLength(1);
  });
});

test('a text of 2,048 characters stands in a line, a longer one is cut', () => {
  const { log, lines } = start();
  const whole = 'x'.repeat(2_048);
  log.warn('odd', { whole, long: `${whole}y` });
  expect(lines()).toEqual([{ level: 'warn', event: 'odd', whole, long: `${whole}… (2049 characters)` }]);
});

test('warned of once is each case of an event, where it has cases', () => {
  const { log, lines } = start();
  for (const status of [404, 401, 404]) log.warnOnce('handshakes_refused', { status }, status);
  expect(lines()).toMatchObject([{ status: 404 }, { status: 401 }]);
});
