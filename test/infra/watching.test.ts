import { describe, expect, test } from 'vitest';
import { Synthesised } from './synthesised.ts';

const stack = Synthesised.of({ alarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms' });
const alarms = stack.all('AWS::CloudWatch::Alarm');

interface Query {
  readonly Expression?: string;
  readonly MetricStat?: { readonly Metric: { readonly Namespace: string; readonly MetricName: string } };
}

/** What an alarm looks at: the names of its metrics. */
function metricsOf(part: string, of = stack): string[] {
  const { Properties } = of.one('AWS::CloudWatch::Alarm', part);
  const queries = (Properties['Metrics'] ?? []) as Query[];
  const names = queries.flatMap(({ MetricStat }) =>
    MetricStat === undefined ? [] : [`${MetricStat.Metric.Namespace} ${MetricStat.Metric.MetricName}`],
  );
  return names.length > 0 ? names : [`${Properties['Namespace']} ${Properties['MetricName']}`];
}

describe('alarms', () => {
  test('each looks at what it is named after', () => {
    expect(alarms).toHaveLength(12);
    expect(metricsOf('HookFailures')).toEqual([
      'Sockethook HooksLost',
      'Sockethook HooksRefused',
      'Sockethook HandshakesFailed',
    ]);
    expect(metricsOf('ActionsFailed')).toEqual(['Sockethook ActionsFailed']);
    expect(metricsOf('BreakerOpen')).toEqual(['Sockethook BreakerOpened', 'Sockethook HooksHeld']);
    expect(metricsOf('DeadLetters')).toEqual(['Sockethook DeadLetters']);
    expect(metricsOf('RetryAge')).toEqual(['Sockethook RetryAge']);
    expect(metricsOf('Faults')).toEqual(['Sockethook Faults']);
    expect(metricsOf('DeadTasks')).toEqual(['AWS/SQS ApproximateNumberOfMessagesVisible']);
    expect(metricsOf('DeadBatches')).toEqual(['AWS/SQS ApproximateNumberOfMessagesVisible']);
    expect(metricsOf('DeadRetries')).toEqual([
      'AWS/SQS ApproximateNumberOfMessagesVisible',
      'AWS/SQS ApproximateNumberOfMessagesNotVisible',
    ]);
    expect(metricsOf('Throttles')).toEqual(Array(8).fill('AWS/Lambda Throttles'));
    expect(metricsOf('Errors')).toEqual(Array(8).fill('AWS/Lambda Errors'));
    expect(metricsOf('Concurrency')).toEqual(['AWS/Lambda ConcurrentExecutions']);
  });

  test('where messages are queued, two more look at those that wait for long, or are given up', () => {
    const set = Synthesised.of({ messageInvocation: 'event' });
    expect(set.all('AWS::CloudWatch::Alarm')).toHaveLength(14);
    const age = set.one('AWS::CloudWatch::Alarm', 'MessageAge').Properties;
    expect(age).toMatchObject({
      ...{ Namespace: 'AWS/Lambda', MetricName: 'AsyncEventAge', Statistic: 'Maximum', Period: 300 },
      ...{ Threshold: 900_000, ComparisonOperator: 'GreaterThanOrEqualToThreshold' },
    });
    const [{ Name, Value } = { Name: '', Value: '' }] = age['Dimensions'] as {
      Name: string;
      Value: unknown;
    }[];
    expect([Name, set.line(Value)]).toEqual(['FunctionName', '<FunctionsdefaultFunction>']);
    expect(metricsOf('MessagesDropped', set)).toEqual([
      'AWS/Lambda AsyncEventsDropped',
      'AWS/Lambda DestinationDeliveryFailures',
    ]);
    const body = JSON.stringify(set.one('AWS::CloudWatch::Dashboard').Properties['DashboardBody']);
    for (const name of ['AsyncEventAge', 'AsyncEventsDropped']) expect(body).toContain(name);
  });

  test('where the app hears of presence, one more looks at looks that were given up', () => {
    const set = Synthesised.of({ hooks: 'joined,left' });
    expect(set.all('AWS::CloudWatch::Alarm')).toHaveLength(13);
    const { Dimensions, AlarmDescription } = set.one('AWS::CloudWatch::Alarm', 'DeadPresence').Properties;
    expect(metricsOf('DeadPresence', set)).toEqual(['AWS/SQS ApproximateNumberOfMessagesVisible']);
    expect(set.line((Dimensions as { Value: unknown }[])[0]?.Value)).toBe('<DeadPresence.QueueName>');
    expect(AlarmDescription).toContain('after a day of throttling');
    const tasks = set.one('AWS::CloudWatch::Alarm', 'DeadTasks').Properties;
    expect(tasks['AlarmDescription']).toContain(`after five attempts`);
    const titles = (of: Synthesised) =>
      JSON.stringify(of.one('AWS::CloudWatch::Dashboard').Properties['DashboardBody']);
    expect([titles(set), titles(stack)].map((body) => body.includes('Looks at who is in groups'))).toEqual([
      ...[true, false],
    ]);
  });

  test('none looks at more than the ten metrics that CloudWatch allows', () => {
    for (const [id] of alarms) expect(metricsOf(id).length).toBeLessThanOrEqual(10);
  });

  test('each tells the topic, and an idle gateway rings none', () => {
    for (const [, { Properties }] of alarms) {
      expect(Properties['AlarmActions']).toEqual(['arn:aws:sns:eu-central-1:123456789012:alarms']);
      expect(Properties['TreatMissingData']).toBe('notBreaching');
    }
  });

  test('the account’s Lambdas ring at 80 % of what it may run', () => {
    const set = Synthesised.of({ accountConcurrency: 5_000 });
    expect(set.one('AWS::CloudWatch::Alarm', 'Concurrency').Properties['Threshold']).toBe(4_000);
  });

  test('a hook rings that the app has not taken for 15 minutes, whatever younger ones there are', () => {
    expect(stack.one('AWS::CloudWatch::Alarm', 'RetryAge').Properties).toMatchObject({
      ...{ Threshold: 900, Statistic: 'Maximum', Period: 300, EvaluationPeriods: 1 },
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    });
  });

  test('dead retries ring that no function keeps for 15 minutes, whether it has put them back or not', () => {
    const { Properties } = stack.one('AWS::CloudWatch::Alarm', 'DeadRetries');
    expect(Properties).toMatchObject({ Threshold: 1, EvaluationPeriods: 3 });
    const [sum, ...metrics] = Properties['Metrics'] as (Query & {
      readonly MetricStat?: { readonly Metric: { readonly Dimensions: { Value: unknown }[] } };
    })[];
    expect(sum?.Expression).toBe('FILL(visible, 0) + FILL(received, 0)');
    const queues = metrics.map(({ MetricStat }) => stack.line(MetricStat?.Metric.Dimensions[0]?.Value));
    expect(queues).toEqual(['<DeadRetries.QueueName>', '<DeadRetries.QueueName>']);
  });

  test('a gateway’s own metrics are told apart from another’s by the name that its functions write', () => {
    const { Dimensions } = stack.one('AWS::CloudWatch::Alarm', 'Faults').Properties;
    const { Variables } = stack.lambda('default').Properties['Environment'] as {
      Variables: Record<string, unknown>;
    };
    expect(Dimensions).toEqual([{ Name: 'Gateway', Value: Variables['GATEWAY_NAME'] }]);
  });

  test.for(['DeadTasks', 'DeadBatches'])('%s watches the queue of its name', (name) => {
    const { Dimensions } = stack.one('AWS::CloudWatch::Alarm', name).Properties;
    expect(stack.line((Dimensions as { Value: unknown }[])[0]?.Value)).toBe(`<${name}.QueueName>`);
  });

  test('they can be left out, and so can the dashboard', () => {
    const set = Synthesised.of({ alarms: false, dashboard: false });
    expect(set.all('AWS::CloudWatch::Alarm')).toEqual([]);
    expect(set.all('AWS::CloudWatch::Dashboard')).toEqual([]);
  });
});

test('the dashboard shows everything that the functions count', () => {
  const body = JSON.stringify(stack.one('AWS::CloudWatch::Dashboard').Properties['DashboardBody']);
  const counted = ['HooksLost', 'HooksRefused', 'HooksRetried', 'HooksPostponed', 'HandshakesFailed'];
  for (const name of [
    ...counted,
    'HooksHeld',
    'BreakerOpened',
    'DeadLetters',
    'RetryAge',
    'ActionsFailed',
    'SweepsUnfinished',
    'Faults',
  ])
    expect(body).toContain(name);
});
