import { Duration } from 'aws-cdk-lib';
import type { WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';

/** What the functions count, in the embedded metric format of CloudWatch. */
export const counted = [
  'HooksLost',
  'HooksRefused',
  'HooksRetried',
  'HooksPostponed',
  'HandshakesFailed',
  'ActionsFailed',
  'SweepsUnfinished',
  'Faults',
] as const;

/** The name of one of them. */
export type Counted = (typeof counted)[number];

const period = Duration.minutes(5);

/** What one gateway counted; `gateway` is what its functions call themselves. */
export function count(gateway: string, metricName: Counted): Metric {
  const dimensionsMap = { Gateway: gateway };
  return new Metric({ namespace: 'Sockethook', metricName, dimensionsMap, statistic: Stats.SUM, period });
}

/** A metric of the WebSocket API; API Gateway counts by API and stage. */
export function apiMetric({ api, stageName }: WebSocketStage, metricName: string, statistic: string): Metric {
  const dimensionsMap = { ApiId: api.apiId, Stage: stageName };
  return new Metric({ namespace: 'AWS/ApiGateway', metricName, dimensionsMap, statistic, period });
}

/** A metric of several functions in one. CloudWatch: an alarm may look at ten metrics. */
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

/** The sum of metrics; one without a value counts as nought. */
export function total(usingMetrics: Readonly<Record<string, Metric>>, label: string): MathExpression {
  const expression = Object.keys(usingMetrics)
    .map((id) => `FILL(${id}, 0)`)
    .join(' + ');
  return new MathExpression({ expression, usingMetrics: { ...usingMetrics }, label, period });
}
