import { describe, expect, test } from 'vitest';
import { awsPolicy } from '../../functions/aws/gateway.ts';
import { Synthesised } from './synthesised.ts';

const stack = Synthesised.of();
const telling = Synthesised.of({ hooks: 'joined,left' });
const { all, lambda: handler } = {
  all: stack.all('AWS::Lambda::Function'),
  lambda: (name: string) => stack.lambda(name).Properties,
};
const timeoutOf = (name: string) => Number(handler(name)['Timeout']);

describe('what waits for something waits longer than that takes', () => {
  test('a function that somebody waits for ends before API Gateway gives up on it, after 29 seconds', () => {
    for (const name of [
      'connect',
      'default',
      'disconnect',
      'send',
      'broadcast',
      'urls',
      'sockets',
      'groups',
      'deadletters',
      'health',
    ]) {
      expect([name, timeoutOf(name) < 29]).toEqual([name, true]);
    }
  });

  test('a lease lasts longer than any function runs, so nobody works beside a function that is still alive', () => {
    for (const [, { Properties }] of all) {
      expect(Number(Properties['Timeout']) * 1_000).toBeLessThan(awsPolicy.leaseMs);
    }
  });

  test('a hook at its longest leaves its function five seconds', () => {
    const longest = Synthesised.of({ hookTimeoutMs: '20000' }).lambda('connect').Properties;
    const { Variables } = longest['Environment'] as { Variables: Record<string, string> };
    expect(Number(Variables['HOOK_TIMEOUT_MS']) + 5_000).toBeLessThanOrEqual(
      Number(longest['Timeout']) * 1_000,
    );
  });

  test.for([
    ['GatewayTasks', 'tasks'],
    ['GatewayPresence', 'tasks'],
    ['GatewayBatches', 'batches'],
    ['GatewayRetries', 'retries'],
    ['GatewayDeadRetries', 'redrive'],
  ] as const)('what is in %s is out of sight six times as long as its function may run', ([queue, name]) => {
    const { VisibilityTimeout } = telling.one('AWS::SQS::Queue', queue).Properties;
    expect(VisibilityTimeout).toBe(6 * timeoutOf(name));
  });

  test('the longest hook leaves the function of retries the time for its last writes', () => {
    expect(20 + 5 + 1).toBeLessThanOrEqual(timeoutOf('retries'));
  });

  test('a sweep ends before the next but one begins', () => {
    expect(timeoutOf('sweep')).toBeLessThanOrEqual(60);
  });

  test('only the tasks of a batch that failed come again', () => {
    expect(stack.one('AWS::Lambda::EventSourceMapping', 'GatewayWork').Properties).toMatchObject({
      BatchSize: 10,
      ScalingConfig: { MaximumConcurrency: 10 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  test('as many workers post batches as share the rate, each one batch at a time', () => {
    expect(stack.one('AWS::Lambda::EventSourceMapping', 'BatchWork').Properties).toMatchObject({
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: awsPolicy.broadcastWorkers },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  test('a worker has time for its retries and for a batch at the default rate', () => {
    const { batchRetryMs, batchSockets, broadcastWorkers } = awsPolicy;
    const postingMs = (batchSockets / (6_000 / broadcastWorkers)) * 1_000;
    // A run begins nothing in its last five seconds.
    expect(postingMs + batchRetryMs).toBeLessThan(timeoutOf('batches') * 1_000 - 5_000);
  });
});
