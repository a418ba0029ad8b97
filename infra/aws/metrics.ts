import { Duration } from 'aws-cdk-lib';
import type { WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';

/** The metrics that the functions write, in the embedded metric format of CloudWatch. */
export const counted = [
  'HooksLost',
  'HooksRefused',
  'HooksRetried',
  'HooksHeld',
  'HooksPostponed',
  'DeadLetters',
  'BreakerOpened',
  'HandshakesFailed',
  'ActionsFailed',
  'SweepsUnfinished',
  'Faults',
] as const;

/** The name of such a metric. */
export type Counted = (typeof counted)[number];

const period = Duration.minutes(5);

/** A metric of one gateway; `gateway` is the value of the dimension `Gateway`. */
export function count(gateway: string, metricName: Counted): Metric {
  const dimensionsMap = { Gateway: gateway };
  return new Metric({ namespace: 'Sockethook', metricName, dimensionsMap, statistic: Stats.SUM, period });
}

/** The age of the oldest hook that was tried again or held in 5 minutes, in seconds since its first attempt. */
export function retryAge(gateway: string): Metric {
  const dimensionsMap = { Gateway: gateway };
  const name = { namespace: 'Sockethook', metricName: 'RetryAge', dimensionsMap };
  return new Metric({ ...name, statistic: Stats.MAXIMUM, period });
}

/** How long the messages that Lambda had queued for a function waited until it ran, at most, in milliseconds. */
export function messageAge(handler: IFunction): Metric {
  return handler.metric('AsyncEventAge', { statistic: Stats.MAXIMUM, period });
}

/**
 * The queued messages that Lambda gave up. AWS Lambda Developer Guide, "Types of metrics": those that it hands over are
 * among those that it drops, and those that it can't hand over are counted again.
 */
export function messagesDropped(handler: IFunction): MathExpression {
  const sum = (name: string) => handler.metric(name, { statistic: Stats.SUM, period });
  const failures = { dropped: sum('AsyncEventsDropped'), undelivered: sum('DestinationDeliveryFailures') };
  return total(failures, 'given up');
}

/** A metric of the WebSocket API. API Gateway has one per API and stage. */
export function apiMetric({ api, stageName }: WebSocketStage, metricName: string, statistic: string): Metric {
  const dimensionsMap = { ApiId: api.apiId, Stage: stageName };
  return new Metric({ namespace: 'AWS/ApiGateway', metricName, dimensionsMap, statistic, period });
}

/** One metric as a sum over several functions. CloudWatch: an alarm may use ten metrics. */
export function sumOf(
  functions: readonly IFunction[],
  metricName: 'Errors' | 'Throttles',
  label: string,
): MathExpression {
  const usingMetrics = Object.fromEntries(
    functions.map((each, at) => [`m${at}`, each.metric(metricName, { statistic: Stats.SUM, period })]),
  );
  return total(usingMetrics, label);
}

/** The sum of metrics; a missing value counts as 0. */
export function total(usingMetrics: Readonly<Record<string, Metric>>, label: string): MathExpression {
  const expression = Object.keys(usingMetrics)
    .map((id) => `FILL(${id}, 0)`)
    .join(' + ');
  return new MathExpression({ expression, usingMetrics: { ...usingMetrics }, label, period });
}
